#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace machi::broker::ngsiv2 {

/// Parses a request body. Integers beyond 64 bits are read as the nearest double. The result lives until the next call
/// on this thread. Errors: parse_error, in the words of errors::broken_json and errors::too_deep.
[[nodiscard]] Result<simdjson::dom::element> parse_body(std::string_view body);
/// The same for a body that must be an object.
[[nodiscard]] Result<simdjson::dom::object> parse_object(std::string_view body);

inline constexpr int kMaxNesting = 50;

/// Writes a value of a request in canonical form (see JsonText), checking it on the way.
class CanonicalWriter {
 public:
  /// Appends the value to `out`. False when it is nested too deeply, names a member twice, or holds U+0000: see
  /// error().
  bool append(std::string& out, simdjson::dom::element value);
  /// One of < > " ' = ; ( ) stood in a string (member names do not count) of what was appended.
  [[nodiscard]] bool found_forbidden_characters() const { return found_forbidden_; }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  bool append_at(std::string& out, simdjson::dom::element value, int depth);
  bool append_string(std::string& out, std::string_view text);
  bool append_array(std::string& out, simdjson::dom::array array, int depth);
  bool append_object(std::string& out, simdjson::dom::object object, int depth);
  bool check_members(simdjson::dom::object object);
  bool refuse(Failure failure) {
    error_ = std::move(failure.error());
    return false;
  }
  std::string path_ = "/";
  bool found_forbidden_ = false;
  Error error_{};
};

/// Appends one value with a fresh writer.
[[nodiscard]] Result<std::string> canonical(simdjson::dom::element value);

/// The text of a JSON string, nothing for other kinds.
[[nodiscard]] inline std::optional<std::string_view> text_of(simdjson::dom::element value) {
  if (!value.is_string()) return {};
  return value.get_string().value_unsafe();
}

}  // namespace machi::broker::ngsiv2

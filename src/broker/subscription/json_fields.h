#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker {

/// Reads members of JSON objects with the error sentences that Orion's clients know. The first error is kept; after it
/// every reader gives nothing, so that a parser reads straight down and asks once, at its end.
class JsonFields {
 public:
  explicit JsonFields(ngsiv2::Rules rules) : rules_(rules) {}
  [[nodiscard]] ngsiv2::Rules rules() const { return rules_; }

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  void fail(std::string message, ErrorCode code = ErrorCode::bad_request);
  /// Fails with `message` unless `condition` holds.
  void require(bool condition, std::string message) {
    if (!condition) fail(std::move(message));
  }

  /// Members that may be absent. `description` names the field in the error; by default it is `name`.
  std::optional<std::string> text(const Json& parent, std::string_view name, std::string_view description = {});
  std::optional<std::int64_t> integer(const Json& parent, std::string_view name);
  std::optional<bool> boolean(const Json& parent, std::string_view name);
  /// A member that must be there; empty after an error.
  std::string required_text(const Json& parent, std::string_view name, std::string_view description);
  /// An array of distinct, not empty identifiers.
  std::vector<std::string> identifiers(const Json& array, std::string_view name);

  /// Whether the text holds characters that these rules refuse in any string.
  [[nodiscard]] bool has_forbidden(std::string_view text, std::string_view exceptions = {}) const {
    return rules_.forbid_characters && ngsiv2::has_forbidden_characters(text, exceptions);
  }
  /// Whether the text cannot be an id, a type or a name.
  [[nodiscard]] bool is_bad_identifier(std::string_view text) const {
    return ngsiv2::has_bad_identifier_characters(text, rules_);
  }

 private:
  ngsiv2::Rules rules_;
  std::optional<Error> error_{};
};

}  // namespace machi::broker

#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/timestamp.h"

namespace machi::core {
struct Principal;
}

namespace machi::net {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };
[[nodiscard]] std::string_view name_of(Method method);
[[nodiscard]] Method method_of(std::string_view name);

/// Header fields in order; names compare without case (RFC 9110 §5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  /// The first field of this name; empty view when absent (see has()).
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  void add(std::string name, std::string value) {
    if (fields_.empty()) fields_.reserve(4);  // most answers have no more
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Before all others.
  void add_first(std::string name, std::string value);
  /// Replaces all fields of this name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  void clear() { fields_.clear(); }
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// A query parameter, percent-decoded ('+' is a plus, not a blank, as NGSIv2's clients expect).
struct QueryParameter {
  std::string name;
  std::string value;
  bool has_value = true;  ///< false for `?flag`; `?flag=` has an empty value
};

/// A request whose head and body have arrived whole. Lives on its connection's loop until the handler's task ends.
struct Request {
  Method method = Method::other;
  std::string method_name;  ///< as received
  std::string target;       ///< as received, e.g. `/v2/entities?limit=2`
  std::string path;         ///< before '?', still percent-encoded
  std::string query;        ///< after '?', still percent-encoded
  Headers headers;
  std::string body;
  std::vector<std::string> path_parameters;  ///< values of `{…}` in the route, in order, percent-decoded
  std::string correlator;                    ///< Fiware-Correlator as received, else a new UUID
  std::string client_address;                ///< after trusted proxies
  bool secure = false;                       ///< arrived over TLS (or a trusted proxy says so)
  bool has_framing = false;                  ///< Content-Length or chunked was there: a body was announced, even empty
  Timestamp received{};
  const core::Principal* principal = nullptr;  ///< set by the gate before the handler runs

  /// Parses `query`. Errors: bad_request when a percent-encoding is broken or yields a control character or text that
  /// is not UTF-8.
  [[nodiscard]] Result<std::vector<QueryParameter>> query_parameters() const;
  /// Forgets everything and keeps the memory for the next request of the connection.
  void clear();
};

/// Produces a body piece by piece; empty string ends it. Called on the connection's loop; the server asks for the next
/// piece only when the previous one has been written to the socket.
using BodyStream = std::function<Task<Result<std::string>>()>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  BodyStream stream{};  ///< when set, sent chunked after the head instead of `body`

  [[nodiscard]] static Response json(int status, std::string body);
  [[nodiscard]] static Response empty(int status);
};

/// Whether two names or tokens are the same but for the case of ASCII letters.
[[nodiscard]] bool equals_without_case(std::string_view a, std::string_view b);

/// The reason phrase of RFC 9110 ("Content Too Large", "Unprocessable Content").
[[nodiscard]] std::string_view reason_phrase(int status);

/// RFC 3986 §2.1. decode: empty optional when a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// Percent-decodes one part of a request's target. Errors: bad_request as in Request::query_parameters().
[[nodiscard]] Result<std::string> decode_target_part(std::string_view text);
/// Keeps unreserved characters (RFC 3986 §2.3) and those in `keep`.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace machi::net

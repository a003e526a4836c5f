#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace machi {

/// What went wrong, independent of any protocol. Each binding renders it in its own form.
enum class ErrorCode {
  parse_error,   ///< the body is not well-formed JSON, or nested too deeply
  bad_request,   ///< well-formed, but not what the operation takes
  unauthorized,  ///< no or wrong credentials
  forbidden,     ///< known principal, no right
  not_found,
  method_not_allowed,
  not_acceptable,
  conflict,          ///< the state forbids it (exists already under another form, version clash)
  too_many_results,  ///< an id that should name one thing names several
  length_required,
  payload_too_large,
  no_resources,  ///< a fixed capacity of the model is used up (a second location attribute)
  unsupported_media_type,
  already_exists,
  unprocessable,        ///< understood, but cannot be applied to the current state
  partially_forwarded,  ///< parts went to others, and not all of them took theirs
  partial_update,       ///< applied in part; the message says what was not
  too_many_requests,
  not_implemented,
  busy,  ///< a bounded resource is full; retry later
  timeout,
  outcome_unknown,  ///< a write whose commit could neither be confirmed nor ruled out
  bad_gateway,      ///< a remote party failed
  internal,
};

/// An expected failure: a code for machines, a sentence for a person, and the field at fault if there is one.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string field{};

  bool operator==(const Error&) const = default;
};

template <typename T = void>
using Result = std::expected<T, Error>;

using Failure = std::unexpected<Error>;

[[nodiscard]] inline Failure fail(ErrorCode code, std::string message, std::string field = {}) {
  return Failure(Error{code, std::move(message), std::move(field)});
}
[[nodiscard]] inline Failure fail(Error error) {
  return Failure(std::move(error));
}

/// HTTP status and the RFC 9457 problem type of a code: the one table.
struct ErrorInfo {
  int http_status;
  std::string_view problem_type;  ///< last segment of the type URI, also the name in logs and metrics
};
[[nodiscard]] ErrorInfo error_info(ErrorCode code);

}  // namespace machi

#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace machi::broker::ngsiv2 {

/// The name that an error has in NGSIv2's error bodies: `BadRequest`, `Unprocessable`, ….
[[nodiscard]] std::string_view error_name(ErrorCode code);

/// `{"error":"NotFound","description":"…"}`. The characters < > ( ) = ' " ; of the description come as HTML entities,
/// as clients know it from Orion.
[[nodiscard]] std::string error_body(const Error& error);

/// Renders an error as an answer.
[[nodiscard]] net::Response render_error(const Error& error);
/// For the router, which finds out that path or method are unknown before anything else is looked at; where the request
/// has another fault as well, clients expect that one.
[[nodiscard]] net::Response render_error(const Error& error, const net::Request& request);

/// What is at fault, in the words that clients know.
namespace errors {
[[nodiscard]] Failure broken_json();
[[nodiscard]] Failure too_deep();
[[nodiscard]] Failure empty_payload();
[[nodiscard]] Failure invalid_uri();
[[nodiscard]] Failure no_length();
[[nodiscard]] Failure bad_request(std::string message);
[[nodiscard]] Error entity_not_found();
[[nodiscard]] Error attribute_not_found();
[[nodiscard]] Error too_many_results();
[[nodiscard]] Failure unknown_registration();
/// For unknown paths, whatever they look like.
[[nodiscard]] Error unknown_path();
}  // namespace errors

}  // namespace machi::broker::ngsiv2

#include "broker/ngsiv2/errors.h"

#include "base/json_writer.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker::ngsiv2 {
namespace {

std::string_view html_entity(char c) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '(':
      return "&#40;";
    case ')':
      return "&#41;";
    case '=':
      return "&#61;";
    case '\'':
      return "&#39;";
    case '"':
      return "&quot;";
    case ';':
      return "&#59;";
    default:
      return {};
  }
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (const std::string_view entity = html_entity(c); !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
  return out;
}

bool takes_body(net::Method method) {
  return method == net::Method::post || method == net::Method::put || method == net::Method::patch;
}

bool has_forbidden_path(const net::Request& request) {
  const auto path = net::percent_decode(request.path);
  return !path || has_forbidden_characters(*path);
}

}  // namespace

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::parse_error:
      return "ParseError";
    case ErrorCode::bad_request:
      return "BadRequest";
    case ErrorCode::unauthorized:
      return "Unauthorized";
    case ErrorCode::forbidden:
      return "Forbidden";
    case ErrorCode::not_found:
      return "NotFound";
    case ErrorCode::method_not_allowed:
      return "MethodNotAllowed";
    case ErrorCode::not_acceptable:
      return "NotAcceptable";
    case ErrorCode::conflict:
      return "Conflict";
    case ErrorCode::too_many_results:
      return "TooManyResults";
    case ErrorCode::length_required:
      return "ContentLengthRequired";
    case ErrorCode::payload_too_large:
      return "RequestEntityTooLarge";
    case ErrorCode::no_resources:
      return "NoResourcesAvailable";
    case ErrorCode::unsupported_media_type:
      return "UnsupportedMediaType";
    case ErrorCode::already_exists:
    case ErrorCode::unprocessable:
      return "Unprocessable";
    case ErrorCode::partial_update:
    case ErrorCode::partially_forwarded:
      return "PartialUpdate";
    case ErrorCode::too_many_requests:
      return "TooManyRequests";
    case ErrorCode::not_implemented:
      return "NotImplemented";
    case ErrorCode::bad_gateway:
      return "BadGateway";
    case ErrorCode::busy:
    case ErrorCode::timeout:
    case ErrorCode::outcome_unknown:
      return "ServiceUnavailable";
    case ErrorCode::internal:
      break;
  }
  return "InternalServerError";
}

std::string error_body(const Error& error) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("error").string(error_name(error.code));
  json.key("description").string(escape_html(error.message));
  json.end_object();
  return out;
}

net::Response render_error(const Error& error) {
  return net::Response::json(error_info(error.code).http_status, error_body(error));
}

net::Response render_error(const Error& error, const net::Request& request) {
  if (error.code == ErrorCode::method_not_allowed && takes_body(request.method) && request.body.empty()) {
    return render_error(errors::no_length().error());
  }
  if (error == errors::unknown_path() && has_forbidden_path(request)) {
    return render_error(errors::invalid_uri().error());
  }
  return render_error(error);
}

namespace errors {

Failure broken_json() {
  return fail(ErrorCode::parse_error, "Errors found in incoming JSON buffer");
}
Failure too_deep() {
  return fail(ErrorCode::parse_error, "attribute or metadata value has overpassed maximum nesting limit: 50");
}
Failure empty_payload() {
  return bad_request("empty payload");
}
Failure invalid_uri() {
  return bad_request("invalid character in URI");
}
Failure no_length() {
  return fail(ErrorCode::length_required, "Zero/No Content-Length in PUT/POST/PATCH request");
}
Failure bad_request(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}
Error entity_not_found() {
  return {ErrorCode::not_found, "The requested entity has not been found. Check type and id"};
}
Error attribute_not_found() {
  return {ErrorCode::not_found, "The entity does not have such an attribute"};
}
Error too_many_results() {
  return {ErrorCode::too_many_results, "More than one matching entity. Please refine your query"};
}
Failure unknown_registration() {
  return fail(ErrorCode::not_found, "The requested registration has not been found. Check id");
}

Error unknown_path() {
  return {ErrorCode::bad_request, "Service not found. Check your URL as probably it is wrong."};
}

}  // namespace errors

}  // namespace machi::broker::ngsiv2

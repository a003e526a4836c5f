#include "base/result.h"

namespace machi {

ErrorInfo error_info(ErrorCode code) {
  switch (code) {
    case ErrorCode::parse_error:
      return {400, "parse-error"};
    case ErrorCode::bad_request:
      return {400, "bad-request"};
    case ErrorCode::unauthorized:
      return {401, "unauthorized"};
    case ErrorCode::forbidden:
      return {403, "forbidden"};
    case ErrorCode::not_found:
      return {404, "not-found"};
    case ErrorCode::method_not_allowed:
      return {405, "method-not-allowed"};
    case ErrorCode::not_acceptable:
      return {406, "not-acceptable"};
    case ErrorCode::conflict:
      return {409, "conflict"};
    case ErrorCode::too_many_results:
      return {409, "too-many-results"};
    case ErrorCode::length_required:
      return {411, "length-required"};
    case ErrorCode::payload_too_large:
      return {413, "payload-too-large"};
    case ErrorCode::no_resources:
      return {413, "no-resources"};
    case ErrorCode::unsupported_media_type:
      return {415, "unsupported-media-type"};
    case ErrorCode::already_exists:
      return {422, "already-exists"};
    case ErrorCode::unprocessable:
      return {422, "unprocessable"};
    case ErrorCode::partially_forwarded:
      return {404, "partially-forwarded"};
    case ErrorCode::partial_update:
      return {422, "partial-update"};
    case ErrorCode::too_many_requests:
      return {429, "too-many-requests"};
    case ErrorCode::not_implemented:
      return {501, "not-implemented"};
    case ErrorCode::bad_gateway:
      return {502, "bad-gateway"};
    case ErrorCode::busy:
      return {503, "busy"};
    case ErrorCode::outcome_unknown:
      return {503, "outcome-unknown"};
    case ErrorCode::timeout:
      return {503, "timeout"};
    case ErrorCode::internal:
      break;
  }
  return {500, "internal"};
}

}  // namespace machi

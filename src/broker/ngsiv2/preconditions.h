#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/ngsiv2/names.h"
#include "broker/ngsiv2/parameters.h"
#include "net/http.h"

namespace machi::broker::ngsiv2 {

/// What the header Accept says, as far as it concerns us.
struct Acceptance {
  bool json = false;        ///< application/json, application/* or */*
  bool text = false;        ///< text/plain, text/* or */*
  bool text_first = false;  ///< the range with the highest quality, the first of equals, is a text one
};
/// Errors: bad_request for a broken header, not_acceptable when it names nothing that we have.
[[nodiscard]] Result<Acceptance> read_accept(const net::Headers& headers);

enum class ContentType : std::uint8_t { none, json, text };

/// What every request brings besides its body, checked.
struct Preamble {
  std::vector<std::string> service_paths{};  ///< as the header names them; empty when it is absent or empty
  ContentType content_type = ContentType::none;
  Acceptance accept{};
  Parameters parameters{};
};

/// Checks path, headers and parameters in the order in which Orion does, so that of several faults clients get the same
/// one. Errors: bad_request, unsupported_media_type, not_acceptable, length_required.
[[nodiscard]] Result<Preamble> read_preamble(const net::Request& request, Rules rules);

/// The header Fiware-Service in lower case, empty for the default tenant. Errors: bad_request.
[[nodiscard]] Result<std::string> read_service(const net::Headers& headers);

/// The header Fiware-ServicePath as paths without trailing slashes. Errors: bad_request.
[[nodiscard]] Result<std::vector<std::string>> read_service_paths(const net::Headers& headers, net::Method method);

/// The one path that a write goes to; `/` when none is named. Errors: bad_request.
[[nodiscard]] Result<std::string> path_of_write(const std::vector<std::string>& service_paths);

}  // namespace machi::broker::ngsiv2

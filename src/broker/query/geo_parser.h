#pragma once
#include <optional>
#include <string_view>

#include "base/result.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// NGSIv2's three geographic parameters as they came; empty when not given.
struct GeoParameters {
  std::string_view georel{};
  std::string_view geometry{};
  std::string_view coords{};  ///< latitude,longitude;…
};

/// The condition, or nothing when `georel` is empty (geometry and coords are checked all the same) or all are. Errors:
/// bad_request with Orion's sentences, bare ("invalid coordinates").
[[nodiscard]] Result<std::optional<GeoCondition>> parse_geo(GeoParameters parameters);

/// The same for URI parameters: also checks which must come together; sentences begin with "Invalid query: ".
[[nodiscard]] Result<std::optional<GeoCondition>> parse_geo_uri(GeoParameters parameters);

/// The same for an `expression` object, where all three come or none; sentences begin with "error parsing geo-query
/// fields: ".
[[nodiscard]] Result<std::optional<GeoCondition>> parse_geo_expression(GeoParameters parameters);

}  // namespace machi::broker::query

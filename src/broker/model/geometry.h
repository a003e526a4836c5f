#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/model/entity.h"

namespace machi::broker {

/// Whether the attribute says where its entity is: a geo type, a value other than null, and no metadata `ignoreType`
/// with value true. An entity has at most one such attribute.
[[nodiscard]] bool is_location(const Attribute& attribute);

/// The place that an attribute stands for as GeoJSON geometry text (longitude before latitude), nothing if it is no
/// location. geo:json gives its geometry, or that of its Feature or of the only Feature of its FeatureCollection;
/// the older types give Point, LineString and Polygon. Checks structure and bounds of coordinates; whether rings cross
/// themselves is for the caller. Error bad_request with the reason, without what it was needed for.
[[nodiscard]] Result<std::optional<std::string>> geometry_of(const Attribute& attribute);

/// The part of a geo:json value that faces show: the geometry inside a Feature or FeatureCollection, else the value.
[[nodiscard]] std::string_view shown_geo_json(std::string_view value);

/// `"35.68, 139.76"`: latitude, longitude.
struct Coordinates {
  double latitude = 0;
  double longitude = 0;
};
/// Empty unless both are numbers within ±90 and ±180.
[[nodiscard]] std::optional<Coordinates> parse_coordinates(std::string_view text);

}  // namespace machi::broker

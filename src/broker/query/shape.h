#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// A geometry taken apart: what GeoJSON's Point, LineString, Polygon and their Multi forms hold.
struct Shape {
  enum class PartKind : std::uint8_t { point, line, polygon };
  struct Part {
    PartKind kind = PartKind::point;
    /// A point: one ring of one position. A line: one ring. A polygon: the outer ring, then the holes; each closed.
    std::vector<std::vector<Position>> rings{};
  };
  std::vector<Part> parts{};
};

/// Reads a GeoJSON geometry (RFC 7946 §3.1). Heights are dropped. Errors: bad_request when it is none of the six kinds,
/// has too few positions, or a ring is open.
[[nodiscard]] Result<Shape> parse_shape(std::string_view geojson);

/// Writes it back.
[[nodiscard]] std::string to_geojson(const Shape& shape);

}  // namespace machi::broker::query

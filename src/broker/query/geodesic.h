#pragma once
#include "broker/query/shape.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// Length in metres of the geodesic between two positions on WGS 84: Vincenty's inverse formula, and a search over the
/// points between where that does not converge (nearly antipodal positions).
[[nodiscard]] double geodesic_distance(Position a, Position b);

/// Distance in metres as PostGIS's geography gives it: the closest points are found on great circles of the sphere,
/// then measured on the spheroid; 0 inside a polygon. Infinite for an empty shape.
[[nodiscard]] double distance_to(Position from, const Shape& shape);

}  // namespace machi::broker::query

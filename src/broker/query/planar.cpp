#include "broker/query/planar.h"

#include <geos_c.h>

namespace machi::broker::query {
namespace {

using Context = std::unique_ptr<GEOSContextHandle_HS, decltype(&GEOS_finish_r)>;
Context make_context() {
  return {GEOS_init_r(), &GEOS_finish_r};
}

struct GeometryDeleter {
  GEOSContextHandle_t context;
  void operator()(GEOSGeometry* g) const { GEOSGeom_destroy_r(context, g); }
};
using Geometry = std::unique_ptr<GEOSGeometry, GeometryDeleter>;

struct PreparedDeleter {
  GEOSContextHandle_t context;
  void operator()(const GEOSPreparedGeometry* g) const { GEOSPreparedGeom_destroy_r(context, g); }
};
using Prepared = std::unique_ptr<const GEOSPreparedGeometry, PreparedDeleter>;

GEOSCoordSequence* sequence_of(GEOSContextHandle_t context, const std::vector<Position>& positions) {
  GEOSCoordSequence* out = GEOSCoordSeq_create_r(context, static_cast<unsigned>(positions.size()), 2);
  if (out == nullptr) return nullptr;
  for (unsigned i = 0; i < positions.size(); ++i) {
    GEOSCoordSeq_setXY_r(context, out, i, positions[i].longitude, positions[i].latitude);
  }
  return out;
}

GEOSGeometry* polygon_of(GEOSContextHandle_t context, const Shape::Part& part) {
  GEOSGeometry* outer = GEOSGeom_createLinearRing_r(context, sequence_of(context, part.rings.front()));
  if (outer == nullptr) return nullptr;
  std::vector<GEOSGeometry*> holes;
  for (std::size_t i = 1; i < part.rings.size(); ++i) {
    GEOSGeometry* hole = GEOSGeom_createLinearRing_r(context, sequence_of(context, part.rings[i]));
    if (hole != nullptr) holes.push_back(hole);
  }
  return GEOSGeom_createPolygon_r(context, outer, holes.data(), static_cast<unsigned>(holes.size()));
}

GEOSGeometry* part_of(GEOSContextHandle_t context, const Shape::Part& part) {
  switch (part.kind) {
    case Shape::PartKind::point:
      return GEOSGeom_createPointFromXY_r(context, part.rings[0][0].longitude, part.rings[0][0].latitude);
    case Shape::PartKind::line:
      return GEOSGeom_createLineString_r(context, sequence_of(context, part.rings[0]));
    case Shape::PartKind::polygon:
      return polygon_of(context, part);
  }
  return nullptr;
}

Geometry build(GEOSContextHandle_t context, const Shape& shape) {
  if (shape.parts.size() == 1) return {part_of(context, shape.parts[0]), GeometryDeleter{context}};
  std::vector<GEOSGeometry*> parts;
  for (const auto& part : shape.parts) {
    if (GEOSGeometry* g = part_of(context, part)) parts.push_back(g);
  }
  const int type = shape.parts.empty() || shape.parts[0].kind == Shape::PartKind::point ? GEOS_MULTIPOINT
                   : shape.parts[0].kind == Shape::PartKind::line                       ? GEOS_MULTILINESTRING
                                                                                        : GEOS_MULTIPOLYGON;
  return {GEOSGeom_createCollection_r(context, type, parts.data(), static_cast<unsigned>(parts.size())),
          GeometryDeleter{context}};
}

}  // namespace

struct PlanarReference::State {
  Context context;
  Geometry geometry;
  Prepared prepared;
};

PlanarReference::PlanarReference(std::unique_ptr<State> state) : state_(std::move(state)) {}
PlanarReference::~PlanarReference() = default;

Result<std::unique_ptr<PlanarReference>> PlanarReference::create(const Shape& reference) {
  auto context = make_context();
  Geometry geometry = build(context.get(), reference);
  if (!geometry || GEOSisValid_r(context.get(), geometry.get()) != 1) {
    return fail(ErrorCode::bad_request, "the reference geometry crosses itself");
  }
  Prepared prepared(GEOSPrepare_r(context.get(), geometry.get()), PreparedDeleter{context.get()});
  return std::unique_ptr<PlanarReference>(new PlanarReference(
      std::unique_ptr<State>(new State{std::move(context), std::move(geometry), std::move(prepared)})));
}

bool PlanarReference::holds(GeoRelation relation, const Shape& shape) const {
  const auto context = state_->context.get();
  const Geometry other = build(context, shape);
  if (!other) return false;
  const auto* reference = state_->prepared.get();
  switch (relation) {
    case GeoRelation::covered_by:
      return GEOSPreparedCovers_r(context, reference, other.get()) == 1;
    case GeoRelation::intersects:
      return GEOSPreparedIntersects_r(context, reference, other.get()) == 1;
    case GeoRelation::disjoint:
      return GEOSPreparedIntersects_r(context, reference, other.get()) == 0;
    case GeoRelation::equals:
      return GEOSEquals_r(context, state_->geometry.get(), other.get()) == 1;
    case GeoRelation::within:
      return GEOSPreparedContains_r(context, reference, other.get()) == 1;
    case GeoRelation::contains:
      return GEOSPreparedWithin_r(context, reference, other.get()) == 1;
    case GeoRelation::overlaps:
      return GEOSPreparedOverlaps_r(context, reference, other.get()) == 1;
    case GeoRelation::near:
      return false;
  }
  return false;
}

bool is_valid_shape(const Shape& shape) {
  const auto context = make_context();
  const Geometry geometry = build(context.get(), shape);
  return geometry && GEOSisValid_r(context.get(), geometry.get()) == 1;
}

}  // namespace machi::broker::query

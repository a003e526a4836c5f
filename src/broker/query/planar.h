#pragma once
#include <memory>

#include "base/result.h"
#include "broker/query/shape.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// A reference geometry prepared for many comparisons on the plane of longitude and latitude (GEOS). Belongs to one
/// thread at a time.
class PlanarReference {
 public:
  /// Error: bad_request when the geometry crosses itself or is otherwise invalid.
  [[nodiscard]] static Result<std::unique_ptr<PlanarReference>> create(const Shape& reference);
  ~PlanarReference();
  PlanarReference(const PlanarReference&) = delete;
  PlanarReference& operator=(const PlanarReference&) = delete;

  /// Whether `shape` has the relation to the reference ("shape is covered by reference"). Not for near. False when GEOS
  /// cannot tell.
  [[nodiscard]] bool holds(GeoRelation relation, const Shape& shape) const;

 private:
  struct State;
  explicit PlanarReference(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether the shape is a valid geometry (rings do not cross themselves or each other).
[[nodiscard]] bool is_valid_shape(const Shape& shape);

}  // namespace machi::broker::query

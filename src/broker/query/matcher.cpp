#include "broker/query/matcher.h"

#include <algorithm>

#include "broker/model/geometry.h"
#include "broker/query/geodesic.h"

namespace machi::broker::query {
namespace {

// Whether some place fulfils the test; a place that cannot be read is none.
template <typename Test>
bool any_place(const Entity& entity, const GeoCondition& condition, bool& found, Test test) {
  for (const Attribute& attribute : entity.attributes) {
    if (!condition.attribute.empty() && attribute.name != condition.attribute) continue;
    const auto geometry = geometry_of(attribute);
    if (!geometry || !*geometry) continue;
    const auto shape = parse_shape(**geometry);
    if (!shape) continue;
    found = true;
    if (test(*shape)) return true;
  }
  return false;
}

bool is_near(const GeoCondition& condition, const Shape& shape) {
  const double distance = distance_to(condition.center, shape);
  return (!condition.max_distance || distance <= *condition.max_distance) &&
         (!condition.min_distance || distance >= *condition.min_distance);
}

}  // namespace

bool holds(const Filter& filter, const Entity& entity) {
  const auto part_holds = [&](const Filter& part) { return holds(part, entity); };
  switch (filter.kind) {
    case Filter::Kind::all:
      return std::ranges::all_of(filter.parts, part_holds);
    case Filter::Kind::any:
      return std::ranges::any_of(filter.parts, part_holds);
    case Filter::Kind::condition:
      return holds(*filter.leaf, entity);
  }
  return false;
}

bool selects(const EntitySelector& selector, std::string_view id, std::string_view type) {
  if (!selector.ids.empty() && std::ranges::find(selector.ids, id) == selector.ids.end()) return false;
  if (!selector.types.empty() && std::ranges::find(selector.types, type) == selector.types.end()) return false;
  if (selector.id_pattern && !selector.id_pattern->found_in(id)) return false;
  return !selector.type_pattern || selector.type_pattern->found_in(type);
}

Result<Matcher> Matcher::create(Query query) {
  Matcher matcher(std::move(query));
  const auto& geo = matcher.query_.geo;
  if (!geo || geo->relation == GeoRelation::near) return matcher;
  auto shape = parse_shape(geo->geometry);
  if (!shape) return fail(shape.error());
  auto reference = PlanarReference::create(*shape);
  if (!reference) return fail(reference.error());
  matcher.reference_ = std::move(*reference);
  return matcher;
}

bool Matcher::matches_name(const Entity& entity) const {
  if (entity.tenant != query_.tenant || !query_.scope.admits(entity.service_path)) return false;
  return query_.selectors.empty() || std::ranges::any_of(query_.selectors, [&](const EntitySelector& s) {
           return selects(s, entity.id, entity.type);
         });
}

bool Matcher::matches_place(const Entity& entity) const {
  if (!query_.geo) return true;
  const GeoCondition& condition = *query_.geo;
  bool found = false;
  if (condition.relation == GeoRelation::near) {
    return any_place(entity, condition, found, [&](const Shape& shape) { return is_near(condition, shape); });
  }
  if (condition.relation == GeoRelation::disjoint) {
    const bool touched = any_place(entity, condition, found, [&](const Shape& shape) {
      return reference_->holds(GeoRelation::intersects, shape);
    });
    return found && !touched;
  }
  return any_place(entity, condition, found,
                   [&](const Shape& shape) { return reference_->holds(condition.relation, shape); });
}

bool Matcher::matches(const Entity& entity) const {
  if (!matches_name(entity)) return false;
  if (!query_.any_attribute.empty() && std::ranges::none_of(query_.any_attribute, [&](const std::string& name) {
        return entity.find(name) != nullptr;
      })) {
    return false;
  }
  return holds(query_.q, entity) && holds(query_.mq, entity) && holds(query_.restriction, entity) &&
         matches_place(entity);
}

}  // namespace machi::broker::query

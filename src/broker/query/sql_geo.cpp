#include "broker/query/sql_builder.h"

namespace machi::broker::query {
namespace {

// A point as geography. Its coordinates are bound, and folded into a constant when the statement is planned.
std::string center_sql(const GeoCondition& condition, SqlBuilder& sql) {
  const auto longitude = sql.bind(condition.center.longitude, "float8");
  const auto latitude = sql.bind(condition.center.latitude, "float8");
  return fmt::format("st_setsrid(st_makepoint({}, {}), 4326)::geography", longitude, latitude);
}

std::string_view function_of(GeoRelation relation) {
  switch (relation) {
    case GeoRelation::covered_by:
      return "st_coveredby";
    case GeoRelation::equals:
      return "st_equals";
    case GeoRelation::within:
      return "st_within";
    case GeoRelation::contains:
      return "st_contains";
    case GeoRelation::overlaps:
      return "st_overlaps";
    default:
      return "st_intersects";
  }
}

std::string near_sql(const GeoCondition& condition, SqlBuilder& sql) {
  const auto center = center_sql(condition, sql);
  std::string test = "true";
  if (condition.max_distance) {
    test = fmt::format("st_dwithin(g.geom::geography, {}, {})", center, sql.bind(*condition.max_distance, "float8"));
  }
  if (condition.min_distance) {
    test += fmt::format(" and st_distance(g.geom::geography, {}) >= {}", center,
                        sql.bind(*condition.min_distance, "float8"));
  }
  return test;
}

}  // namespace

std::string geo_sql(const GeoCondition& condition, std::string_view tenant, std::string_view schema, SqlBuilder& sql) {
  const std::string of_attribute =
      condition.attribute.empty() ? "" : fmt::format(" and g.attribute = {}", sql.bind(condition.attribute, "text"));
  if (condition.relation == GeoRelation::near) {
    return fmt::format("e.entity_key in (select g.entity_key from {}.entity_geometry g where g.tenant = {}{} and {})",
                       schema, tenant, of_attribute, near_sql(condition, sql));
  }
  const auto reference = fmt::format("st_setsrid(st_geomfromgeojson({}), 4326)", sql.bind(condition.geometry, "text"));
  const auto test = fmt::format("{}(g.geom, {})", function_of(condition.relation), reference);
  if (condition.relation == GeoRelation::disjoint) {
    return fmt::format(
        "(exists (select from {0}.entity_geometry g where g.tenant = {1} and g.entity_key = e.entity_key{2}) and not "
        "exists "
        "(select from {0}.entity_geometry g where g.tenant = {1} and g.entity_key = e.entity_key{2} and {3}))",
        schema, tenant, of_attribute, test);
  }
  return fmt::format("e.entity_key in (select g.entity_key from {}.entity_geometry g where g.tenant = {}{} and {})",
                     schema, tenant, of_attribute, test);
}

std::string distance_sql(const GeoCondition& condition, std::string_view schema, SqlBuilder& sql) {
  return fmt::format(
      "(select min(st_distance(g.geom::geography, {})) from {}.entity_geometry g where g.tenant = e.tenant and "
      "g.entity_key = "
      "e.entity_key)",
      center_sql(condition, sql), schema);
}

}  // namespace machi::broker::query

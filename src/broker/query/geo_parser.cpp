#include "broker/query/geo_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "broker/query/literal.h"
#include "broker/query/planar.h"
#include "broker/query/shape.h"

namespace machi::broker::query {
namespace {

constexpr std::size_t kMaxPositions = 10'000;

Failure bad(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message), "georel");
}

struct Georel {
  std::string_view relation{};
  std::optional<double> max_distance{};
  std::optional<double> min_distance{};
};

Result<> read_distance(std::string_view item, std::string_view name, std::optional<double>& out) {
  if (out) return bad(fmt::format("{} present more than once", name));
  out = parse_number(trim(item.substr(name.size() + 1)));
  if (!out || *out < 0) return bad(fmt::format("invalid number for {}", name));
  return {};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    const auto end = text.find(separator, from);
    parts.push_back(trim(text.substr(from, end == std::string_view::npos ? end : end - from)));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

Result<Georel> read_georel(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kRelations{"near", "coveredBy", "intersects", "equals", "disjoint"};
  Georel out;
  for (const auto item : split(text, ';')) {
    if (std::ranges::find(kRelations, item) != kRelations.end()) {
      if (!out.relation.empty()) return bad("georel type present more than once");
      out.relation = item;
    } else if (item.starts_with("maxDistance:")) {
      if (auto done = read_distance(item, "maxDistance", out.max_distance); !done) return fail(done.error());
    } else if (item.starts_with("minDistance:")) {
      if (auto done = read_distance(item, "minDistance", out.min_distance); !done) return fail(done.error());
    } else {
      return bad("Invalid modifier in georel parameter");
    }
  }
  if (out.max_distance && out.relation != "near") {
    return bad(fmt::format("maxDistance erroneously used with georel /{}/", out.relation));
  }
  if (out.min_distance && out.relation != "near") {
    return bad(fmt::format("minDistance erroneously used with georel /{}/", out.relation));
  }
  if (out.relation == "near" && !out.max_distance && !out.min_distance) {
    return bad("georel /near/ without either minDistance nor maxDistance");
  }
  return out;
}

Result<std::string_view> read_geometry(std::string_view text) {
  static constexpr std::array<std::string_view, 4> kGeometries{"point", "line", "box", "polygon"};
  std::string_view geometry;
  for (const auto item : split(text, ';')) {
    if (std::ranges::find(kGeometries, item) == kGeometries.end()) {
      return bad("error parsing geometry: Invalid selector in geometry specification");
    }
    if (!geometry.empty()) return bad("error parsing geometry: geometry-type present more than once");
    geometry = item;
  }
  return geometry;
}

Result<std::vector<Position>> read_coords(std::string_view text) {
  if (text.empty()) return bad("no coordinates for geometry");
  std::vector<Position> positions;
  const auto points = split(text, ';');
  if (points.size() > kMaxPositions) return bad("too many coordinates");
  for (const auto point : points) {
    const auto numbers = split(point, ',');
    if (numbers.size() != 2) return bad("invalid point in URI param /coords/");
    const auto latitude = parse_number(numbers[0]);
    const auto longitude = parse_number(numbers[1]);
    if (!latitude || !longitude) return bad("invalid coordinates");
    if (std::abs(*latitude) > 90 || std::abs(*longitude) > 180) return bad("invalid coordinates");
    positions.push_back({.longitude = *longitude, .latitude = *latitude});
  }
  return positions;
}

std::vector<Position> box_of(Position a, Position b) {
  const auto [west, east] = std::minmax({a.longitude, b.longitude});
  const auto [south, north] = std::minmax({a.latitude, b.latitude});
  return {{west, south}, {east, south}, {east, north}, {west, north}, {west, south}};
}

Result<Shape> read_shape(std::string_view geometry, std::vector<Position> positions) {
  if (geometry == "polygon") {
    if (positions.size() < 4) return bad("Too few coordinates for polygon");
    if (positions.front() != positions.back()) return bad("First and last point in polygon not the same");
    return Shape{{{Shape::PartKind::polygon, {std::move(positions)}}}};
  }
  if (geometry == "line") {
    if (positions.size() < 2) return bad("invalid number of coordinates for /line/");
    return Shape{{{Shape::PartKind::line, {std::move(positions)}}}};
  }
  if (geometry == "box") {
    if (positions.size() != 2) return bad("invalid number of coordinates for /box/");
    if (positions[0].latitude == positions[1].latitude || positions[0].longitude == positions[1].longitude) {
      return bad("box coordinates are not defining an actual box");
    }
    return Shape{{{Shape::PartKind::polygon, {box_of(positions[0], positions[1])}}}};
  }
  if (positions.size() != 1) return bad("invalid number of coordinates for /point/");
  return Shape{{{Shape::PartKind::point, {std::move(positions)}}}};
}

GeoRelation relation_of(std::string_view name) {
  if (name == "near") return GeoRelation::near;
  if (name == "coveredBy") return GeoRelation::covered_by;
  if (name == "intersects") return GeoRelation::intersects;
  return name == "equals" ? GeoRelation::equals : GeoRelation::disjoint;
}

}  // namespace

Result<std::optional<GeoCondition>> parse_geo(GeoParameters parameters) {
  if (parameters.georel.empty() && parameters.geometry.empty() && parameters.coords.empty()) return std::nullopt;
  auto geometry = read_geometry(parameters.geometry);
  if (!geometry) return fail(geometry.error());
  Georel georel;
  if (!parameters.georel.empty()) {
    auto read = read_georel(parameters.georel);
    if (!read) return fail(read.error());
    georel = *read;
  }
  if (georel.relation == "coveredBy" && (*geometry == "line" || *geometry == "point")) {
    return bad(fmt::format("{} geometry cannot be used with coveredBy georel", *geometry));
  }
  if (georel.relation == "near" && *geometry != "point") {
    return bad("georel /near/ used with geometry different than point");
  }
  auto positions = read_coords(parameters.coords);
  if (!positions) return fail(positions.error());
  auto shape = read_shape(*geometry, std::move(*positions));
  if (!shape) return fail(shape.error());
  if (georel.relation.empty()) return std::nullopt;
  if (!is_valid_shape(*shape)) return bad("the reference geometry crosses itself");
  return GeoCondition{.relation = relation_of(georel.relation),
                      .max_distance = georel.max_distance,
                      .min_distance = georel.min_distance,
                      .geometry = to_geojson(*shape),
                      .center = shape->parts[0].rings[0][0]};
}

Result<std::optional<GeoCondition>> parse_geo_uri(GeoParameters parameters) {
  const auto refuse = [](std::string_view why) { return bad(fmt::format("Invalid query: {}", why)); };
  if (!parameters.coords.empty() && parameters.geometry.empty()) {
    return refuse("URI param /coords/ used without /geometry/");
  }
  if (!parameters.geometry.empty() && parameters.coords.empty()) {
    return refuse("URI param /geometry/ used without /coords/");
  }
  if (!parameters.georel.empty() && parameters.geometry.empty()) {
    return refuse("URI param /georel/ used without /geometry/");
  }
  auto condition = parse_geo(parameters);
  if (!condition) return refuse(condition.error().message);
  return condition;
}

Result<std::optional<GeoCondition>> parse_geo_expression(GeoParameters parameters) {
  const int given = static_cast<int>(!parameters.georel.empty()) + static_cast<int>(!parameters.geometry.empty()) +
                    static_cast<int>(!parameters.coords.empty());
  if (given != 0 && given != 3) {
    return bad("partial geo expression: geometry, georel and coords have to be provided together");
  }
  auto condition = parse_geo(parameters);
  if (!condition) return bad(fmt::format("error parsing geo-query fields: {}", condition.error().message));
  return condition;
}

}  // namespace machi::broker::query

#include "broker/query/shape.h"

#include "base/json.h"
#include "base/json_writer.h"

namespace machi::broker::query {
namespace {

Failure bad(const char* why) {
  return fail(ErrorCode::bad_request, why);
}

bool read_position(const Json& json, std::vector<Position>& out) {
  if (!json.is_array() || json.as_array().size() < 2) return false;
  const auto& numbers = json.as_array();
  if (!numbers[0].is_number() || !numbers[1].is_number()) return false;
  out.push_back({numbers[0].as_number(), numbers[1].as_number()});
  return true;
}

bool read_ring(const Json& json, std::size_t least, std::vector<Position>& out) {
  if (!json.is_array() || json.as_array().size() < least) return false;
  out.reserve(json.as_array().size());
  for (const Json& position : json.as_array()) {
    if (!read_position(position, out)) return false;
  }
  return true;
}

bool read_part(const Json& json, Shape::PartKind kind, Shape& out) {
  Shape::Part part{.kind = kind};
  switch (kind) {
    case Shape::PartKind::point:
      if (!read_position(json, part.rings.emplace_back())) return false;
      break;
    case Shape::PartKind::line:
      if (!read_ring(json, 2, part.rings.emplace_back())) return false;
      break;
    case Shape::PartKind::polygon:
      if (!json.is_array() || json.as_array().empty()) return false;
      for (const Json& ring : json.as_array()) {
        auto& positions = part.rings.emplace_back();
        if (!read_ring(ring, 4, positions) || positions.front() != positions.back()) return false;
      }
  }
  out.parts.push_back(std::move(part));
  return true;
}

void write_position(JsonWriter& json, Position p) {
  json.begin_array().number(p.longitude).number(p.latitude).end_array();
}

void write_part(JsonWriter& json, const Shape::Part& part) {
  if (part.kind == Shape::PartKind::point) return write_position(json, part.rings[0][0]);
  const bool nested = part.kind == Shape::PartKind::polygon;
  if (nested) json.begin_array();
  for (const auto& ring : part.rings) {
    json.begin_array();
    for (const Position p : ring) write_position(json, p);
    json.end_array();
  }
  if (nested) json.end_array();
}

}  // namespace

Result<Shape> parse_shape(std::string_view geojson) {
  auto json = Json::parse(geojson);
  if (!json) return fail(json.error());
  const Json* type = json->find("type");
  const Json* coordinates = json->find("coordinates");
  if (type == nullptr || !type->is_string() || coordinates == nullptr) return bad("not a GeoJSON geometry");
  std::string_view name = type->as_string();
  const bool is_multi = name.starts_with("Multi");
  if (is_multi) name.remove_prefix(5);
  Shape::PartKind kind;
  if (name == "Point") {
    kind = Shape::PartKind::point;
  } else if (name == "LineString") {
    kind = Shape::PartKind::line;
  } else if (name == "Polygon") {
    kind = Shape::PartKind::polygon;
  } else {
    return bad("unknown GeoJSON geometry");
  }
  Shape shape;
  if (!is_multi) {
    if (!read_part(*coordinates, kind, shape)) return bad("wrong GeoJSON coordinates");
    return shape;
  }
  if (!coordinates->is_array() || coordinates->as_array().empty()) return bad("wrong GeoJSON coordinates");
  for (const Json& part : coordinates->as_array()) {
    if (!read_part(part, kind, shape)) return bad("wrong GeoJSON coordinates");
  }
  return shape;
}

std::string to_geojson(const Shape& shape) {
  static constexpr std::array<std::string_view, 3> kNames{"Point", "LineString", "Polygon"};
  std::string out;
  JsonWriter json(out);
  const std::string name(kNames[static_cast<std::size_t>(shape.parts[0].kind)]);
  const bool is_multi = shape.parts.size() > 1;
  json.begin_object().key("type").string(is_multi ? "Multi" + name : name).key("coordinates");
  if (is_multi) json.begin_array();
  for (const auto& part : shape.parts) write_part(json, part);
  if (is_multi) json.end_array();
  json.end_object();
  return out;
}

}  // namespace machi::broker::query

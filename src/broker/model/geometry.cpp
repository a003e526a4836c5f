#include "broker/model/geometry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/json_writer.h"
#include "broker/model/attribute_types.h"
#include "broker/model/document.h"

namespace machi::broker {
namespace {

using Points = std::vector<Coordinates>;
using Geometry = Result<std::optional<std::string>>;

Failure wrong(std::string reason) {
  return fail(ErrorCode::bad_request, std::move(reason));
}
Failure wrong_geojson() {
  return wrong("Wrong GeoJson");
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

void append_position(std::string& out, const Coordinates& c) {
  out += '[';
  JsonWriter::append_number(out, c.longitude);
  out += ',';
  JsonWriter::append_number(out, c.latitude);
  out += ']';
}

std::string positions(std::span<const Coordinates> points) {
  std::string out = "[";
  for (const Coordinates& c : points) {
    if (out.size() > 1) out += ',';
    append_position(out, c);
  }
  return out += ']';
}

std::string geometry_text(std::string_view type, std::string_view coordinates) {
  std::string out = R"({"type":")";
  out.append(type).append(R"(","coordinates":)").append(coordinates).append("}");
  return out;
}

Failure bad_coordinates(std::string_view text) {
  return wrong("geo coordinates format error [see Orion user manual]: " + std::string(text));
}

Result<Points> read_points(const Json& value) {
  if (!value.is_array()) return wrong("geo:line, geo:box and geo:polygon needs array of strings as value");
  Points points;
  for (const Json& item : value.as_array()) {
    if (!item.is_string()) {
      return wrong("geo:line, geo:box and geo:polygon needs array of strings but some element is not a string");
    }
    const auto c = parse_coordinates(item.as_string());
    if (!c) return bad_coordinates(item.as_string());
    points.push_back(*c);
  }
  return points;
}

Geometry point_geometry(const Json& value) {
  const std::string_view text = value.is_string() ? std::string_view(value.as_string()) : std::string_view{};
  const auto c = parse_coordinates(text);
  if (!c) return bad_coordinates(text);
  std::string position;
  append_position(position, *c);
  return geometry_text("Point", position);
}

Geometry box_geometry(const Points& p) {
  if (p.size() != 2) return wrong("geo:box uses exactly 2 coordinates");
  if (p[0].latitude == p[1].latitude || p[0].longitude == p[1].longitude) {
    return wrong("geo:box coordinates are not defining an actual box");
  }
  const auto [south, north] = std::minmax(p[0].latitude, p[1].latitude);
  const auto [west, east] = std::minmax(p[0].longitude, p[1].longitude);
  const std::array<Coordinates, 5> ring{{{south, west}, {south, east}, {north, east}, {north, west}, {south, west}}};
  return geometry_text("Polygon", "[" + positions(ring) + "]");
}

Geometry line_geometry(const Points& p) {
  if (p.size() < 2) return wrong("geo:line uses at least 2 coordinates");
  return geometry_text("LineString", positions(p));
}

Geometry polygon_geometry(const Points& p) {
  if (p.size() < 4) return wrong("geo:polygon uses at least 4 coordinates");
  if (p.front().latitude != p.back().latitude || p.front().longitude != p.back().longitude) {
    return wrong("geo:polygon first and last coordinates must match");
  }
  return geometry_text("Polygon", "[" + positions(p) + "]");
}

bool is_position(const Json& json) {
  if (!json.is_array() || json.as_array().size() < 2) return false;
  const Json::Array& numbers = json.as_array();
  if (!std::ranges::all_of(numbers, &Json::is_number)) return false;
  const double longitude = numbers[0].as_number();
  const double latitude = numbers[1].as_number();
  return longitude >= -180 && longitude <= 180 && latitude >= -90 && latitude <= 90;
}

bool is_line(const Json& json, std::size_t least = 2) {
  return json.is_array() && json.as_array().size() >= least && std::ranges::all_of(json.as_array(), is_position);
}

bool is_ring(const Json& json) {
  return is_line(json, 4) && json.as_array().front() == json.as_array().back();
}

bool is_polygon(const Json& json) {
  return json.is_array() && !json.as_array().empty() && std::ranges::all_of(json.as_array(), is_ring);
}

bool all_not_empty(const Json& json, bool (*check)(const Json&)) {
  return json.is_array() && !json.as_array().empty() && std::ranges::all_of(json.as_array(), check);
}

bool has_shape(std::string_view type, const Json& coordinates) {
  if (type == "Point") return is_position(coordinates);
  if (type == "LineString") return is_line(coordinates);
  if (type == "Polygon") return is_polygon(coordinates);
  if (type == "MultiPoint") return all_not_empty(coordinates, is_position);
  if (type == "MultiLineString") return all_not_empty(coordinates, [](const Json& j) { return is_line(j); });
  if (type == "MultiPolygon") return all_not_empty(coordinates, is_polygon);
  return false;  // GeometryCollection too
}

Geometry plain_geometry(const Json& geometry) {
  const Json* const type = geometry.find("type");
  const Json* const coordinates = geometry.find("coordinates");
  if (!type || !type->is_string() || !coordinates) return wrong_geojson();
  if (!has_shape(type->as_string(), *coordinates)) return wrong_geojson();
  return geometry_text(type->as_string(), coordinates->dump());
}

Geometry feature_geometry(const Json& feature) {
  const Json* const geometry = feature.find("geometry");
  if (!geometry) return wrong("geometry in Feature not found");
  if (!geometry->is_object()) return wrong("geometry in Feature is not an object");
  return plain_geometry(*geometry);
}

Geometry collection_geometry(const Json& collection) {
  const Json* const features = collection.find("features");
  if (!features) return wrong("features field not found in FeatureCollection");
  if (!features->is_array()) return wrong("features in FeatureCollection is not an array");
  if (features->as_array().empty()) return wrong("features in FeatureCollection has 0 items");
  if (features->as_array().size() > 1) return wrong("features in FeatureCollection has more than 1 item");
  return feature_geometry(features->as_array().front());
}

Geometry geojson_geometry(const Json& value) {
  if (!value.is_object()) return wrong("geo:json needs an object or null as value");
  const Json* const type = value.find("type");
  const std::string_view name = type && type->is_string() ? std::string_view(type->as_string()) : "";
  if (name == "Feature") return feature_geometry(value);
  if (name == "FeatureCollection") return collection_geometry(value);
  return plain_geometry(value);
}

/// A member of a JSON object in canonical form, empty when it is not there.
std::string_view member(std::string_view object, std::string_view name) {
  const char* p = object.data() + 1;
  const char* const end = object.data() + object.size();
  while (p && p < end && *p == '"') {
    const char* const after_key = skip_json_value(p, end);
    if (!after_key || after_key >= end) return {};
    const std::string_view key(p + 1, after_key - 1);
    const char* const after_value = skip_json_value(after_key + 1, end);
    if (!after_value) return {};
    if (key == name) return {after_key + 1, after_value};
    p = after_value < end && *after_value == ',' ? after_value + 1 : nullptr;
  }
  return {};
}

}  // namespace

std::optional<Coordinates> parse_coordinates(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return {};
  const auto latitude = parse_number(text.substr(0, comma));
  const auto longitude = parse_number(text.substr(comma + 1));
  if (!latitude || !longitude) return {};
  // Written so that NaN is refused.
  if (!(*latitude >= -90 && *latitude <= 90 && *longitude >= -180 && *longitude <= 180)) return {};
  return Coordinates{*latitude, *longitude};
}

bool is_location(const Attribute& attribute) {
  if (!is_geo_type(attribute.type) || attribute.value == "null") return false;
  const Metadata* const ignore = attribute.find_metadata("ignoreType");
  return !ignore || ignore->value != "true";
}

Result<std::optional<std::string>> geometry_of(const Attribute& attribute) {
  if (!is_location(attribute)) return std::nullopt;
  const auto value = Json::parse(attribute.value);
  if (!value) return wrong_geojson();
  if (attribute.type == "geo:json") return geojson_geometry(*value);
  if (attribute.type == "geo:point") return point_geometry(*value);
  const auto points = read_points(*value);
  if (!points) return fail(points.error());
  if (attribute.type == "geo:box") return box_geometry(*points);
  if (attribute.type == "geo:line") return line_geometry(*points);
  return polygon_geometry(*points);
}

std::string_view shown_geo_json(std::string_view value) {
  if (!value.starts_with('{')) return value;
  const std::string_view type = member(value, "type");
  std::string_view shown;
  if (type == R"("Feature")") shown = member(value, "geometry");
  if (type == R"("FeatureCollection")") {
    const std::string_view features = member(value, "features");
    if (features.starts_with("[{")) shown = member(features.substr(1), "geometry");
  }
  return shown.empty() ? value : shown;
}

}  // namespace machi::broker

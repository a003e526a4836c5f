#include "broker/query/random_data.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_writer.h"
#include "broker/query/geo_parser.h"
#include "broker/query/literal.h"
#include "broker/query/order.h"
#include "broker/query/planar.h"
#include "broker/query/q_parser.h"
#include "broker/query/shape.h"

namespace machi::broker::query {
namespace {

const std::string kLong(300, 'l');

std::vector<std::string> names() {
  return {"a", "b", "c", "d.e", "名", "dateCreated"};
}
std::vector<std::string> members() {
  return {"x", "y", "z.z", "0", "\"q\""};
}
std::vector<std::string> numbers() {
  return {"-1", "0", "1", "1.5", "20", "1e10", "0.1", "9007199254740993", "9007199254740992", "-2.5e-7", "1e300"};
}
std::vector<std::string> texts() {
  return {"",        "a",     "B",      "b",    "é",         "ｱ",         "😀",  "20",  "true", "2016-02-24T10:00:00Z",
          "x\"y\\z", "brown", "yellow", "a\nb", kLong + "1", kLong + "2", "a,b", "null"};
}
std::vector<std::string> dates() {
  return {"2016-02-24T10:00:00Z",     "2016-02-24T12:00:00+02:00",   "2016-02-23",
          "1969-12-31T23:59:59.999Z", "2049-01-01T00:00:00.000001Z", "0000-01-01",
          "9999-12-31T23:59:59Z"};
}
std::vector<std::string> patterns() {
  return {"ow", "^b", "n$", "[a-c]+", "(?i)BROWN", "^.{1,2}$", "x.y", "\\d", "l{200}", "é|ｱ", "^a.b$", "\\bbrown\\b"};
}

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter::append_quoted(out, text);
  return out;
}

}  // namespace

std::string RandomData::scalar() {
  switch (below(8)) {
    case 0:
      return "null";
    case 1:
      return one_in(2) ? "true" : "false";
    case 2:
    case 3:
    case 4:
      return pick(numbers());
    default:
      return quoted(pick(texts()));
  }
}

std::string RandomData::value(int depth) {
  if (depth == 0 || below(3) != 0) return scalar();
  std::string out;
  JsonWriter json(out);
  const bool is_array = one_in(2);
  is_array ? json.begin_array() : json.begin_object();
  auto keys = members();
  for (std::size_t i = below(4); i > 0 && !keys.empty(); --i) {
    if (!is_array) {
      const std::size_t at = below(keys.size());
      json.key(keys[at]);
      keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(at));
    }
    json.raw(value(depth - 1));
  }
  is_array ? json.end_array() : json.end_object();
  return out;
}

Attribute RandomData::attribute(const std::string& name) {
  Attribute out{.name = name, .type = "X"};
  const auto fill = [&](std::string& type, std::string& json) {
    type = "X";
    json = value(3);
    if (!one_in(4)) return;
    type = one_in(2) ? "DateTime" : "ISO8601";
    json = one_in(6) ? value(1) : quoted(pick(dates()));
  };
  fill(out.type, out.value);
  for (const char* metadata_name : {"m", "n", "dateModified"}) {
    if (!one_in(3)) continue;
    Metadata& m = out.metadata.emplace_back();
    m.name = metadata_name;
    fill(m.type, m.value);
  }
  out.created = *parse_iso8601(pick(std::vector<std::string>{"2016-02-24T10:00:00Z", "2020-01-01"}));
  out.modified = out.created + std::chrono::microseconds(below(2));
  return out;
}

Entity RandomData::entity(std::int64_t key) {
  Entity e{.tenant = {one_in(20) ? 2 : 1}, .key = {key}};
  e.id = fmt::format("E{}{}", key, pick(std::vector<std::string>{"", "x", "é"}));
  e.type = pick(std::vector<std::string>{"T", "U", "Uv"});
  e.service_path = pick(std::vector<std::string>{"/", "/a", "/a/b", "/ab"});
  for (const auto& name : names()) {
    if (below(3) == 0) continue;
    e.attributes.push_back(attribute(name));
    if (!one_in(10)) continue;
    Attribute other = attribute(name);
    other.dataset = "urn:d:1";
    e.attributes.insert(one_in(2) ? e.attributes.end() : e.attributes.end() - 1, std::move(other));
  }
  if (below(4) != 0) {
    e.attributes.push_back({.name = "location", .type = "geo:json", .value = geometry()});
    if (one_in(8)) e.attributes.back().metadata = {{"ignoreType", "Boolean", "true"}};
  }
  e.created = *parse_iso8601(pick(std::vector<std::string>{"2016-02-24T10:00:00Z", "2020-01-01", "2020-01-02"}));
  e.modified = e.created + std::chrono::microseconds(below(3));
  if (one_in(4)) e.expires = *parse_iso8601(pick(std::vector<std::string>{"2049-01-01", "9999-12-31", "2001-01-01"}));
  return e;
}

std::string RandomData::literal() {
  switch (below(6)) {
    case 0:
      return pick(std::vector<std::string>{"true", "false", "null"});
    case 1:
      return pick(dates());
    case 2:
    case 3:
      return pick(numbers());
    default: {
      const auto text = pick(texts());
      return "'" + text + "'";
    }
  }
}

std::string RandomData::target(bool metadata) {
  const auto token = [](const std::string& name) { return "'" + name + "'"; };
  std::string out = token(pick(names()));
  if (!metadata && one_in(8)) {
    out = pick(std::vector<std::string>{"dateCreated", "dateModified", "dateExpires", "servicePath", "location"});
  }
  if (metadata) out += "." + pick(std::vector<std::string>{"m", "n", "dateCreated", "dateModified", "o"});
  for (std::size_t i = one_in(2) ? 0 : below(3); i > 0; --i) out += "." + token(pick(members()));
  return out;
}

std::string RandomData::statement(bool metadata) {
  auto left = target(metadata);
  switch (below(8)) {
    case 0:
      return left;
    case 1:
      return "!" + left;
    case 2:
      return left + (one_in(2) ? "==" : "!=") + literal() + ".." + literal();
    case 3:
      return left + (one_in(2) ? "==" : "!=") + literal() + "," + literal() + (one_in(2) ? "," + literal() : "");
    case 4:
      return left + "~=" + pick(patterns());
    default:
      return left + pick(std::vector<std::string>{"==", "!=", ">", ">=", "<", "<="}) + literal();
  }
}

std::string RandomData::q_text(bool metadata) {
  for (;;) {
    std::string text = statement(metadata);
    while (one_in(3)) text += ";" + statement(metadata);
    if (metadata ? parse_mq(text) : parse_q(text)) return text;
  }
}

Position RandomData::position() {
  if (one_in(12)) return {between(-180, 180), between(-90, 90)};
  // A grid in a small region, so that borders are met.
  return {139 + static_cast<double>(below(9)) / 4, 36 + static_cast<double>(below(9)) / 4};
}

std::string RandomData::geometry() {
  const auto part = [&](Shape::PartKind kind) {
    Shape::Part out{.kind = kind};
    if (kind == Shape::PartKind::point) {
      out.rings = {{position()}};
    } else if (kind == Shape::PartKind::line) {
      out.rings = {{position(), position(), position()}};
    } else {
      const Position a = position();
      const double w = 0.25 * static_cast<double>(1 + below(4));
      const double h = 0.25 * static_cast<double>(1 + below(4));
      const double x = std::clamp(a.longitude, -178.0, 178.0);
      const double y = std::clamp(a.latitude, -88.0, 88.0);
      out.rings = {{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}, {x, y}}};
      if (one_in(4)) {
        out.rings.push_back(
            {{x + w / 4, y + h / 4}, {x + w / 2, y + h / 4}, {x + w / 2, y + h / 2}, {x + w / 4, y + h / 4}});
      }
    }
    return out;
  };
  for (;;) {
    const auto kind = static_cast<Shape::PartKind>(below(3));
    Shape shape{{part(kind)}};
    if (one_in(5)) shape.parts.push_back(part(kind));
    if (is_valid_shape(shape)) return to_geojson(shape);
  }
}

GeoCondition RandomData::geo() {
  GeoCondition out;
  out.relation = static_cast<GeoRelation>(below(8));
  if (one_in(3)) out.relation = GeoRelation::near;
  if (out.relation == GeoRelation::near) {
    out.center = position();
    // No distance of the grid, so that rounding cannot decide.
    if (!one_in(3)) out.max_distance = pick(std::vector<double>{0.5, 12'345.6, 54'321.9, 200'000.1, 3'000'000.7});
    if (!out.max_distance || one_in(3)) out.min_distance = pick(std::vector<double>{0, 1234.5, 40'404.4});
    out.geometry =
        fmt::format(R"({{"type":"Point","coordinates":[{},{}]}})", out.center.longitude, out.center.latitude);
  } else {
    out.geometry = geometry();
  }
  return out;
}

EntitySelector RandomData::selector() {
  EntitySelector out;
  if (one_in(4)) out.ids = {fmt::format("E{}", below(50)), fmt::format("E{}x", below(50))};
  if (one_in(3)) out.types = {pick(std::vector<std::string>{"T", "U", "V"})};
  if (one_in(4)) out.types.emplace_back("Uv");
  const std::vector<std::string> id_patterns{".*", "^E1", "x$", "(?i)e2", "E(1|2)\\d", "é"};
  if (out.ids.empty() && one_in(2)) out.id_pattern = *parse_id_pattern(pick(id_patterns));
  if (out.types.empty() && one_in(3))
    out.type_pattern = *parse_type_pattern(pick(std::vector<std::string>{"U.*", "^.$"}));
  return out;
}

Query RandomData::query() {
  Query out{.tenant = {1}};
  for (std::size_t i = one_in(3) ? 1 + below(4) : 0; i > 0; --i) out.selectors.push_back(selector());
  if (one_in(5)) out.scope.paths = {pick(std::vector<std::string>{"/", "/a", "/a/#", "/#"})};
  if (one_in(20)) out.scope.paths.emplace_back("/ab");
  if (below(4) != 0) out.q = *parse_q(q_text(false));
  if (one_in(3)) out.mq = *parse_mq(q_text(true));
  if (one_in(6)) out.restriction = {Filter::Kind::any, {*parse_q(q_text(false)), *parse_q(q_text(false))}};
  if (one_in(5)) out.geo = geo();
  if (one_in(12)) out.any_attribute = {"a", "b"};
  const std::vector<std::string> orders{"a",
                                        "!b",
                                        "c,!a",
                                        "type,!id",
                                        "dateExpires,a",
                                        "!dateExpires",
                                        "servicePath,名",
                                        "!dateModified",
                                        "dateCreated,!c",
                                        "d.e"};
  if (one_in(2)) out.order_by = *parse_order_by(pick(orders));
  out.limit = one_in(2) ? 1000 : 5;
  out.offset = one_in(4) ? 3 : 0;
  return out;
}

std::string RandomData::pattern(int depth) {
  const std::vector<std::string> atoms{
      "a",     "b",    "é",       ".",           "\\d",          "\\w", "\\s", "\\.",  "[ab]", "[^a]",
      "[a-c]", "[]x]", "[\\d_]",  "[[:alpha:]]", "[^[:space:]]", "-",   "x",   "\\W",  "駅",   "[あ-ん]",
      "{",     "]",    "[a\\]-]", "\\-",         "[.*+]",        "}",   "\\S", "[^é]", "\\D",  "\\/",
      "1",     " "};
  std::string out;
  for (std::size_t i = 1 + below(4); i > 0; --i) {
    if (one_in(12)) out += pick(std::vector<std::string>{"^", "$", "(?i)", "\\b", "\\pL", "()"});
    out += depth > 0 && one_in(4) ? (one_in(2) ? "(" : "(?:") + pattern(depth - 1) + ")" : pick(atoms);
    if (one_in(3)) {
      out += pick(std::vector<std::string>{"*", "+", "?", "*?", "{2}", "{1,}", "{0,2}", "+?", "{,2}"});
    }
  }
  if (one_in(5)) out += "|" + pattern(0);
  return out;
}

std::string RandomData::text_near_patterns() {
  const std::vector<std::string> pieces{"a", "b",  "é",  "1", "x",    " ",  "\n", ".", "_", "]",
                                        "{", "駅", "い", "-", "{,2}", "\t", "\v", "A", "/", "*"};
  std::string out;
  for (std::size_t i = below(7); i > 0; --i) out += pick(pieces);
  return out;
}

}  // namespace machi::broker::query

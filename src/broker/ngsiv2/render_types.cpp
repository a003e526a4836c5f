#include "broker/ngsiv2/render_types.h"

#include <algorithm>

#include "base/json_writer.h"

namespace machi::broker::ngsiv2 {
namespace {

/// Not an attribute that types are described with.
constexpr std::string_view kExpiry = "dateExpires";

void write_description(JsonWriter& json, const EntityTypeSummary& type, TypeForm form) {
  json.key("attrs").begin_object();
  for (const auto& attribute : type.attributes) {
    if (attribute.name == kExpiry) continue;
    json.key(attribute.name).begin_object().key("types").begin_array();
    if (!form.hide_attribute_types) {
      for (const std::string& name : attribute.types) json.string(name);
    }
    json.end_array().end_object();
  }
  json.end_object();
  json.key("count").integer(type.count);
}

}  // namespace

std::string render_types(const std::vector<EntityTypeSummary>& types, int offset, int limit, TypeForm form) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  const std::size_t begin = std::min(types.size(), static_cast<std::size_t>(offset));
  const std::size_t end = std::min(types.size(), begin + static_cast<std::size_t>(limit));
  for (std::size_t i = begin; i < end; ++i) {
    if (form.names_only) {
      json.string(types[i].type);
      continue;
    }
    json.begin_object().key("type").string(types[i].type);
    write_description(json, types[i], form);
    json.end_object();
  }
  json.end_array();
  return out;
}

std::string render_type(const EntityTypeSummary& type, TypeForm form) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_description(json, type, form);
  json.end_object();
  return out;
}

}  // namespace machi::broker::ngsiv2

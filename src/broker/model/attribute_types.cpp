#include "broker/model/attribute_types.h"

#include <array>
#include <utility>

namespace machi::broker {
namespace {

constexpr std::array<std::pair<AttributeKind, std::string_view>, 7> kKinds{{
    {AttributeKind::property, "property"},
    {AttributeKind::relationship, "relationship"},
    {AttributeKind::geometry, "geometry"},
    {AttributeKind::language_map, "language_map"},
    {AttributeKind::vocabulary, "vocabulary"},
    {AttributeKind::json, "json"},
    {AttributeKind::list, "list"},
}};

constexpr std::array<std::pair<std::string_view, AttributeKind>, 6> kTypesOfKinds{{
    {"geo:json", AttributeKind::geometry},
    {"Relationship", AttributeKind::relationship},
    {"LanguageProperty", AttributeKind::language_map},
    {"VocabProperty", AttributeKind::vocabulary},
    {"JsonProperty", AttributeKind::json},
    {"ListProperty", AttributeKind::list},
}};

}  // namespace

JsonKind json_kind(std::string_view json) {
  switch (json.empty() ? 'n' : json.front()) {
    case 'n':
      return JsonKind::null;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case '"':
      return JsonKind::string;
    case '[':
      return JsonKind::array;
    case '{':
      return JsonKind::object;
    default:
      return JsonKind::number;
  }
}

std::string_view default_type(std::string_view value) {
  switch (json_kind(value)) {
    case JsonKind::null:
      return "None";
    case JsonKind::boolean:
      return "Boolean";
    case JsonKind::number:
      return "Number";
    case JsonKind::string:
      return "Text";
    case JsonKind::array:
    case JsonKind::object:
      break;
  }
  return "StructuredValue";
}

bool is_date_type(std::string_view type) {
  return type == "DateTime" || type == "ISO8601";
}

bool is_geo_type(std::string_view type) {
  return type == "geo:json" || type == "geo:point" || type == "geo:line" || type == "geo:box" || type == "geo:polygon";
}

AttributeKind kind_of_type(std::string_view type) {
  for (const auto& [name, kind] : kTypesOfKinds) {
    if (name == type) return kind;
  }
  return AttributeKind::property;
}

std::string_view name_of(AttributeKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "property";
}

std::optional<AttributeKind> parse_kind(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (known == name) return value;
  }
  return {};
}

}  // namespace machi::broker

#include "broker/registration/forward_body.h"

#include "base/json_writer.h"
#include "broker/model/attribute_types.h"
#include "broker/model/update_operators.h"

namespace machi::broker {
namespace {

void write_names(JsonWriter& json, const std::vector<std::string>& names) {
  json.begin_array();
  for (const auto& name : names) json.string(name);
  json.end_array();
}

/// The value of a change; operators go on as they came, for the provider to apply.
std::string value_of(const AttributeChange& change) {
  if (change.operators.empty()) return change.value.value_or("null");
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [op, operand] : change.operators) json.key(name_of(op)).raw(operand);
  json.end_object();
  return out;
}

/// Absent for operators whose request names none: the provider keeps the type that it has.
std::optional<std::string> type_of(const AttributeChange& change) {
  if (change.type) return change.type;
  if (!change.operators.empty()) return std::nullopt;
  return std::string(default_type(change.value.value_or("null")));
}

std::string type_of(const MetadataChange& change) {
  return change.type ? *change.type : std::string(default_type(change.value));
}

void write_attribute(JsonWriter& json, const AttributeChange& change) {
  json.key(change.name).begin_object();
  if (const auto type = type_of(change)) json.key("type").string(*type);
  json.key("value").raw(value_of(change));
  json.key("metadata").begin_object();
  for (const auto& metadata : change.metadata) {
    json.key(metadata.name).begin_object();
    json.key("type").string(type_of(metadata)).key("value").raw(metadata.value);
    json.end_object();
  }
  json.end_object().end_object();
}

void write_legacy_attribute(JsonWriter& json, const AttributeChange& change) {
  json.begin_object();
  json.key("name").string(change.name);
  json.key("type").string(type_of(change).value_or(""));
  json.key("value").raw(value_of(change));
  if (!change.metadata.empty()) {
    json.key("metadatas").begin_array();
    for (const auto& metadata : change.metadata) {
      json.begin_object().key("name").string(metadata.name);
      json.key("type").string(type_of(metadata)).key("value").raw(metadata.value).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

std::string query_body(const QueryForward& forward) {
  const auto& entity = forward.entity;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("entities").begin_array().begin_object();
  if (!entity.id.empty()) json.key("id").string(entity.id);
  if (!entity.id_pattern.empty()) json.key("idPattern").string(entity.id_pattern);
  if (!entity.type.empty()) json.key("type").string(entity.type);
  if (!entity.type_pattern.empty()) json.key("typePattern").string(entity.type_pattern);
  json.end_object().end_array().key("attrs");
  write_names(json, forward.attributes);
  json.end_object();
  return out;
}

std::string legacy_query_body(const QueryForward& forward) {
  const auto& entity = forward.entity;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("entities").begin_array().begin_object();
  json.key("id").string(entity.id.empty() ? entity.id_pattern : entity.id);
  json.key("isPattern").string(entity.id.empty() ? "true" : "false");
  json.key("type").string(entity.type);
  json.end_object().end_array().key("attributes");
  write_names(json, forward.attributes);
  json.end_object();
  return out;
}

std::string update_body(const UpdateForward& forward) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("entities").begin_array();
  for (const auto& entity : forward.entities) {
    json.begin_object().key("id").string(entity.id);
    if (!entity.type.empty()) json.key("type").string(entity.type);
    for (const auto& attribute : entity.attributes) write_attribute(json, attribute);
    json.end_object();
  }
  json.end_array().key("actionType").string("update").end_object();
  return out;
}

std::string legacy_update_body(const UpdateForward& forward) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("contextElements").begin_array();
  for (const auto& entity : forward.entities) {
    json.begin_object().key("id").string(entity.id).key("isPattern").string("false");
    json.key("type").string(entity.type).key("attributes").begin_array();
    for (const auto& attribute : entity.attributes) write_legacy_attribute(json, attribute);
    json.end_array().end_object();
  }
  json.end_array().key("updateAction").string("UPDATE").end_object();
  return out;
}

}  // namespace machi::broker

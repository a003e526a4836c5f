#include "core/resource_json.h"

#include <fmt/format.h>

namespace machi::core {
namespace {

constexpr int kPreconditionFailed = 412;

std::string_view name_of(FieldType type) {
  switch (type) {
    case FieldType::boolean:
      return "boolean";
    case FieldType::integer:
      return "integer";
    case FieldType::text:
      break;
  }
  return "text";
}

void append_words(JsonWriter& json, std::string_view key, const Words& words) {
  json.key(key).begin_object().key("ja").string(words.ja).key("en").string(words.en).end_object();
}

void append_names(JsonWriter& json, std::string_view key, const std::vector<std::string_view>& names) {
  if (names.empty()) return;
  json.key(key).begin_array();
  for (const std::string_view name : names) json.string(name);
  json.end_array();
}

void append_flag(JsonWriter& json, std::string_view key, bool value) {
  if (value) json.key(key).boolean(true);
}

void append_field(JsonWriter& json, const ResourceField& field, bool is_key) {
  json.begin_object().key("name").string(field.name).key("type").string(name_of(field.type));
  append_words(json, "label", field.label);
  append_words(json, "help", field.help);
  append_flag(json, "required", field.required);
  append_flag(json, "immutable", field.immutable || is_key);
  append_flag(json, "secret", field.secret);
  append_flag(json, "read_only", field.read_only);
  if (field.fallback) json.key("default").raw(field.fallback->dump());
  if (field.least) json.key("minimum").integer(*field.least);
  if (field.most) json.key("maximum").integer(*field.most);
  if (field.type == FieldType::text && field.one_of.empty() && !field.read_only) {
    json.key("minimum_length").integer(static_cast<std::int64_t>(field.shortest));
    json.key("maximum_length").integer(static_cast<std::int64_t>(field.longest));
  }
  append_names(json, "one_of", field.one_of);
  append_names(json, "none_of", field.none_of);
  if (!field.pattern.empty()) json.key("pattern").string(field.pattern);
  json.end_object();
}

void append_fault(JsonWriter& json, const FieldFault& fault) {
  json.begin_object().key("field").string(fault.field).key("code").string(fault.code);
  json.key("detail").string(fault.detail).end_object();
}

}  // namespace

void append_resource(JsonWriter& json, const ResourceDeclaration& declaration, const Resource& resource) {
  const Json document = masked(declaration, resource.document);
  json.begin_object().key("id").string(resource.id);
  for (const ResourceField& field : declaration.fields) {
    const Json* value = field.read_only ? resource.state.find(field.name) : document.find(field.name);
    if (value != nullptr && !value->is_null()) json.key(field.name).raw(value->dump());
  }
  if (resource.revision > 0) {
    json.key("revision").integer(resource.revision);
    json.key("created").string(to_iso8601_milliseconds(resource.created));
    json.key("modified").string(to_iso8601_milliseconds(resource.modified));
    json.key("modified_by").string(resource.modified_by);
  }
  json.end_object();
}

void append_declaration(JsonWriter& json, const ResourceDeclaration& declaration) {
  json.begin_object().key("path").string(declaration.path);
  append_words(json, "label", declaration.label);
  append_words(json, "help", declaration.help);
  append_names(json, "key", declaration.key);
  json.key("per_tenant").boolean(declaration.per_tenant).key("removable").boolean(declaration.removable);
  json.key("fields").begin_array();
  for (const ResourceField& field : declaration.fields) append_field(json, field, declaration.is_key(field.name));
  json.end_array().end_object();
}

net::Response resource_problem(const ResourceError& error, const net::Request& request) {
  if (error.faults.empty() && !error.precondition_failed) return net::problem_details(error.error, request);
  const ErrorInfo info = error_info(error.error.code);
  net::Response response;
  response.status = error.precondition_failed ? kPreconditionFailed : info.http_status;
  response.headers.add("Content-Type", "application/problem+json");
  JsonWriter json(response.body);
  const std::string_view type = error.precondition_failed ? "precondition-failed" : info.problem_type;
  json.begin_object().key("type").string(fmt::format("urn:machi:problem:{}", type));
  json.key("title").string(net::reason_phrase(response.status)).key("status").integer(response.status);
  json.key("detail").string(error.error.message);
  if (!error.error.field.empty()) json.key("field").string(error.error.field);
  if (!error.faults.empty()) {
    json.key("errors").begin_array();
    for (const FieldFault& fault : error.faults) append_fault(json, fault);
    json.end_array();
  }
  json.key("correlator").string(request.correlator).end_object();
  return response;
}

}  // namespace machi::core

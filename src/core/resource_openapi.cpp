#include <fmt/format.h>

#include "core/resource_catalogue.h"
#include "core/yaml.h"

// The contract of /resources and /audit, made from the declarations.
namespace machi::core {
namespace {

using Object = Json::Object;
using Array = Json::Array;

Json ref(std::string_view kind, std::string_view name) {
  return Object{{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

Json names(const std::vector<std::string_view>& words) {
  Array out;
  for (const std::string_view word : words) out.emplace_back(word);
  return out;
}

Json labels(const Words& words) {
  return Object{{"ja", words.ja}, {"en", words.en}};
}

Json field_schema(const ResourceField& field) {
  Object schema;
  const auto add = [&schema](std::string_view name, Json value) { schema.emplace_back(name, std::move(value)); };
  if (field.type == FieldType::boolean) add("type", "boolean");
  if (field.type == FieldType::integer) add("type", "integer");
  if (field.type == FieldType::text) add("type", "string");
  add("title", field.label.en);
  add("description", field.help.en);
  if (field.least) add("minimum", *field.least);
  if (field.most) add("maximum", *field.most);
  if (!field.one_of.empty()) add("enum", names(field.one_of));
  if (!field.none_of.empty()) add("not", Object{{"enum", names(field.none_of)}});
  if (field.type == FieldType::text && field.one_of.empty() && !field.read_only) {
    if (field.shortest > 0) add("minLength", static_cast<std::int64_t>(field.shortest));
    add("maxLength", static_cast<std::int64_t>(field.longest));
  }
  if (!field.pattern.empty()) add("pattern", fmt::format("^(?:{})$", field.pattern));
  if (field.fallback) add("default", *field.fallback);
  if (field.read_only) add("readOnly", true);
  if (field.secret) add("x-secret", true);
  if (field.immutable) add("x-immutable", true);
  add("x-label", labels(field.label));
  add("x-help", labels(field.help));
  return schema;
}

Json envelope_schema(std::string_view type, std::string_view meaning) {
  return Object{{"type", type}, {"description", meaning}, {"readOnly", true}};
}

Json kind_schema(const ResourceDeclaration& d) {
  Object properties{{"id", envelope_schema("string", fmt::format("made of {}", fmt::join(d.key, ", ")))}};
  Array required;
  for (const ResourceField& field : d.fields) {
    properties.emplace_back(field.name, field_schema(field));
    if (field.required) required.emplace_back(field.name);
  }
  properties.emplace_back("revision", envelope_schema("integer", "grows with every change"));
  properties.emplace_back("created", envelope_schema("string", "when it was made"));
  properties.emplace_back("modified", envelope_schema("string", "when it was changed last"));
  properties.emplace_back("modified_by", envelope_schema("string", "who changed it last"));
  Object schema{{"type", "object"}, {"title", d.label.en}, {"description", d.help.en}};
  if (!required.empty()) schema.emplace_back("required", required);
  schema.emplace_back("properties", properties);
  schema.emplace_back("additionalProperties", false);
  schema.emplace_back("x-label", labels(d.label));
  schema.emplace_back("x-key", names(d.key));
  return schema;
}

Json content(Json schema) {
  return Object{{"application/json", Object{{"schema", std::move(schema)}}}};
}

Json response(std::string_view description, Json schema, bool has_etag) {
  Object out{{"description", description}};
  if (has_etag) out.emplace_back("headers", Object{{"ETag", ref("headers", "ETag")}});
  out.emplace_back("content", content(std::move(schema)));
  return out;
}

void add_problems(Object& responses, std::initializer_list<std::string_view> statuses) {
  for (const std::string_view status : statuses) responses.emplace_back(status, ref("responses", "Problem"));
}

struct OperationText {
  std::string_view id;
  std::string summary;
  std::string_view tag;
  std::string_view permission;
};

Object operation(const OperationText& text, Array parameters) {
  Object out{{"operationId", text.id}, {"tags", Array{text.tag}}, {"summary", text.summary}};
  if (!parameters.empty()) out.emplace_back("parameters", std::move(parameters));
  out.emplace_back("x-permission", text.permission);
  return out;
}

Json body_of(std::string_view schema, bool is_patch) {
  Object media;
  if (is_patch) {
    const Json part = Object{{"type", "object"}, {"description", "the fields to change; null: back to the default"}};
    media = {{"application/merge-patch+json", Object{{"schema", part}}},
             {"application/json", Object{{"schema", part}}}};
  } else {
    media = {{"application/json", Object{{"schema", ref("schemas", schema)}}}};
  }
  return Object{{"required", true}, {"content", media}};
}

Array change_parameters(const ResourceDeclaration& d, bool has_item) {
  Array out;
  if (d.per_tenant) out.push_back(ref("parameters", "Service"));
  out.push_back(ref("parameters", "DryRun"));
  if (has_item) out.push_back(ref("parameters", "IfMatch"));
  if (has_item) out.push_back(ref("parameters", "IfNoneMatch"));
  return out;
}

Array read_parameters(const ResourceDeclaration& d, bool has_pages) {
  Array out;
  if (d.per_tenant) out.push_back(ref("parameters", "Service"));
  if (has_pages) out.push_back(ref("parameters", "Limit"));
  if (has_pages) out.push_back(ref("parameters", "Offset"));
  return out;
}

Json collection(const ResourceKind& kind) {
  const ResourceDeclaration& d = kind.declaration;
  const Json page =
      Object{{"type", "object"},
             {"required", Array{"total", "items"}},
             {"properties", Object{{"total", Object{{"type", "integer"}}},
                                   {"items", Object{{"type", "array"}, {"items", ref("schemas", d.singular)}}}}}};
  Object list =
      operation({kind.list, fmt::format("All of: {}", d.label.en), d.path, d.read.name}, read_parameters(d, true));
  Object listed{{"200", response("A page, ordered by id", page, false)}};
  add_problems(listed, {"400", "403", "404", "503"});
  list.emplace_back("responses", listed);
  Object create = operation({kind.create, fmt::format("Makes one: {}", d.label.en), d.path, d.write.name},
                            change_parameters(d, false));
  create.emplace_back("requestBody", body_of(d.singular, false));
  Object created{{"200", response("A dry run: what would be made", ref("schemas", d.singular), false)},
                 {"201", response("It is made", ref("schemas", d.singular), true)}};
  add_problems(created, {"400", "403", "404", "409", "415", "503"});
  create.emplace_back("responses", created);
  return Object{{"get", list}, {"post", create}};
}

Object change(const ResourceKind& kind, const std::string& id, std::string summary) {
  const ResourceDeclaration& d = kind.declaration;
  return operation({id, std::move(summary), d.path, d.write.name}, change_parameters(d, true));
}

Json item(const ResourceKind& kind) {
  const ResourceDeclaration& d = kind.declaration;
  const Json schema = ref("schemas", d.singular);
  Object out{{"parameters", Array{ref("parameters", "Id")}}};
  Object get =
      operation({kind.retrieve, fmt::format("One of: {}", d.label.en), d.path, d.read.name}, read_parameters(d, false));
  Object found{{"200", response("As it is", schema, true)}};
  add_problems(found, {"400", "403", "404", "503"});
  get.emplace_back("responses", found);
  out.emplace_back("get", get);

  Object replace = change(kind, kind.replace, "Replaces it as a whole, or makes it");
  replace.emplace_back("requestBody", body_of(d.singular, false));
  Object replaced{{"200", response("As it is now, or would be", schema, true)},
                  {"201", response("It is made", schema, true)}};
  add_problems(replaced, {"400", "403", "404", "409", "412", "415", "503"});
  replace.emplace_back("responses", replaced);
  out.emplace_back("put", replace);

  Object update = change(kind, kind.update, "Changes some of its fields (RFC 7396)");
  update.emplace_back("requestBody", body_of(d.singular, true));
  Object updated{{"200", response("As it is now, or would be", schema, true)}};
  add_problems(updated, {"400", "403", "404", "409", "412", "415", "503"});
  update.emplace_back("responses", updated);
  out.emplace_back("patch", update);

  if (!d.removable) return out;
  Object remove = change(kind, kind.remove, "Removes it");
  Object removed{{"200", response("A dry run: what would be removed", schema, true)},
                 {"204", Object{{"description", "It is gone"}}}};
  add_problems(removed, {"400", "403", "404", "412", "503"});
  remove.emplace_back("responses", removed);
  out.emplace_back("delete", remove);
  return out;
}

Json parameter(std::string_view name, std::string_view in, Json schema, std::string_view description) {
  Object out{{"name", name}, {"in", in}};
  if (in == "path") out.emplace_back("required", true);
  out.emplace_back("description", description);
  out.emplace_back("schema", std::move(schema));
  return out;
}

Json page_size() {
  return Object{{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}};
}

Json parameters() {
  const Json text = Object{{"type", "string"}};
  return Object{
      {"Service", parameter("Fiware-Service", "header", text, "the tenant; without it, the default one")},
      {"Id", parameter("id", "path", text, "made of the key fields; several are joined by commas")},
      {"DryRun", parameter("dry_run", "query", Object{{"type", "boolean"}, {"default", false}},
                           "everything is checked, nothing is written")},
      {"IfMatch", parameter("If-Match", "header", text, "the ETag of what is to be changed, against lost updates")},
      {"IfNoneMatch", parameter("If-None-Match", "header", text, "`*`: only if there is none yet")},
      {"Limit", parameter("limit", "query", page_size(), "how many at most")},
      {"Offset", parameter("offset", "query", Object{{"type", "integer"}, {"minimum", 0}, {"default", 0}},
                           "how many to leave out")}};
}

Json problem_schema() {
  const Json text = Object{{"type", "string"}};
  const Json fault = Object{{"type", "object"},
                            {"required", Array{"field", "code", "detail"}},
                            {"properties", Object{{"field", text}, {"code", text}, {"detail", text}}}};
  return Object{{"type", "object"},
                {"description", "RFC 9457. `errors` names every field at fault, all at once."},
                {"required", Array{"type", "title", "status", "detail"}},
                {"properties", Object{{"type", text},
                                      {"title", text},
                                      {"status", Object{{"type", "integer"}}},
                                      {"detail", text},
                                      {"field", text},
                                      {"errors", Object{{"type", "array"}, {"items", fault}}},
                                      {"correlator", text}}}};
}

Json audit_schema() {
  const Json text = Object{{"type", "string"}};
  const Json detail = Object{{"type", "object"}, {"description", "`before` and `after`, secrets masked"}};
  const Json record = Object{{"type", "object"},
                             {"properties", Object{{"id", Object{{"type", "integer"}}},
                                                   {"recorded", text},
                                                   {"tenant", text},
                                                   {"principal", text},
                                                   {"operation", text},
                                                   {"resource", text},
                                                   {"outcome", text},
                                                   {"correlator", text},
                                                   {"detail", detail}}}};
  return Object{{"type", "object"},
                {"required", Array{"items"}},
                {"properties",
                 Object{{"items", Object{{"type", "array"}, {"items", record}}},
                        {"next_before", Object{{"type", "integer"}, {"description", "`before` of the next page"}}}}}};
}

Json audit_path() {
  const Json text = Object{{"type", "string"}};
  const Json time = Object{{"type", "string"}, {"format", "date-time"}};
  Array filters{parameter("from", "query", time, "recorded then or later"),
                parameter("to", "query", time, "recorded earlier"),
                parameter("principal", "query", text, "who"),
                parameter("operation", "query", text, "what was done, such as `tenants.update`"),
                parameter("resource", "query", text, "to what, such as `tenants/smartcity`"),
                parameter("tenant", "query", text, "name of the tenant; empty: the default one"),
                parameter("before", "query", Object{{"type", "integer"}, {"minimum", 1}}, "older than this record"),
                ref("parameters", "Limit")};
  Object list =
      operation({"listAuditRecords", "Who changed what, newest first", "audit", "audit.read"}, std::move(filters));
  Object responses{{"200", response("A page", ref("schemas", "AuditRecords"), false)}};
  add_problems(responses, {"400", "403", "503"});
  list.emplace_back("responses", responses);
  return Object{{"get", list}};
}

Json kinds_path() {
  Object list = operation(
      {"listResourceKinds", "What is declared: a form for each kind follows from it", "kinds", "resources.read"}, {});
  const Json kinds =
      Object{{"type", "object"},
             {"properties", Object{{"kinds", Object{{"type", "array"}, {"items", Object{{"type", "object"}}}}}}}};
  Object responses{{"200", response("Every kind with its fields", kinds, false)}};
  add_problems(responses, {"400", "403"});
  list.emplace_back("responses", responses);
  return Object{{"get", list}};
}

Json components(const ResourceCatalogue& catalogue) {
  Object schemas;
  for (const ResourceKind& kind : catalogue.kinds()) {
    schemas.emplace_back(kind.declaration.singular, kind_schema(kind.declaration));
  }
  schemas.emplace_back("AuditRecords", audit_schema());
  schemas.emplace_back("Problem", problem_schema());
  const Json problem =
      Object{{"description", "What is wrong, and where"},
             {"content", Object{{"application/problem+json", Object{{"schema", ref("schemas", "Problem")}}}}}};
  const Json etag =
      Object{{"description", "names this revision; for If-Match"}, {"schema", Object{{"type", "string"}}}};
  return Object{{"parameters", parameters()},
                {"headers", Object{{"ETag", etag}}},
                {"responses", Object{{"Problem", problem}}},
                {"schemas", schemas}};
}

}  // namespace

std::string resources_openapi(const ResourceCatalogue& catalogue) {
  Object paths{{"/resources", kinds_path()}};
  Array tags{Object{{"name", "kinds"}, {"description", "What is declared"}}};
  for (const ResourceKind& kind : catalogue.kinds()) {
    paths.emplace_back(kind.collection_path, collection(kind));
    paths.emplace_back(kind.item_path, item(kind));
    tags.push_back(Object{{"name", kind.declaration.path}, {"description", kind.declaration.help.en}});
  }
  paths.emplace_back("/audit", audit_path());
  tags.push_back(Object{{"name", "audit"}, {"description", "Who changed what"}});
  const Json document =
      Object{{"openapi", "3.1.0"},
             {"info", Object{{"title", "Machi resources"},
                             {"version", "1.0"},
                             {"summary", "What staff manage, and the record of who changed it."},
                             {"license", Object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
             {"servers", Array{Object{{"url", "/"}}}},
             {"tags", tags},
             {"paths", paths},
             {"components", components(catalogue)}};
  return "# Made by `machi openapi resources` from the declarations; change those, not this file.\n" +
         to_yaml(document);
}

}  // namespace machi::core

#include "broker/delivery/log_event.h"

#include "base/json.h"
#include "base/json_writer.h"

namespace machi::broker {

std::string to_text(const core::LogEntry& entry) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("recorded").integer(entry.recorded.microseconds).key("tenant").integer(entry.tenant);
  json.key("key")
      .integer(entry.entity_key)
      .key("version")
      .integer(entry.version)
      .key("alterations")
      .integer(entry.alterations);
  json.key("id").string(entry.id).key("type").string(entry.type).key("path").string(entry.service_path);
  json.key("correlator")
      .string(entry.correlator)
      .key("document")
      .string(entry.document)
      .key("detail")
      .string(entry.detail);
  json.end_object();
  return out;
}

Result<ChangeEvent> event_from_text(std::string_view text, std::string tenant_name) {
  const auto json = Json::parse(text);
  if (!json) return fail(json.error());
  const auto integer = [&](std::string_view name) {
    const Json* v = json->find(name);
    return v != nullptr && v->is_integer() ? v->as_integer() : 0;
  };
  const auto string = [&](std::string_view name) {
    const Json* v = json->find(name);
    return v != nullptr && v->is_string() ? std::string_view(v->as_string()) : std::string_view();
  };
  core::LogEntry entry;
  entry.recorded = {integer("recorded")};
  entry.tenant = static_cast<std::int32_t>(integer("tenant"));
  entry.entity_key = integer("key");
  entry.version = integer("version");
  entry.alterations = static_cast<int>(integer("alterations"));
  entry.id = string("id");
  entry.type = string("type");
  entry.service_path = string("path");
  entry.correlator = string("correlator");
  entry.document = string("document");
  entry.detail = string("detail");
  return read_change_event(entry, std::move(tenant_name));
}

}  // namespace machi::broker

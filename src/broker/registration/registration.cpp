#include "broker/registration/registration.h"

#include "base/json_writer.h"

namespace machi::broker {
namespace {

void write_entities(JsonWriter& json, const Registration& registration) {
  json.key("entities").begin_array();
  for (const auto& entity : registration.entities) {
    json.begin_object();
    if (entity.id.empty()) {
      json.key("idPattern").string(".*");
    } else {
      json.key("id").string(entity.id);
    }
    if (!entity.type.empty()) json.key("type").string(entity.type);
    json.end_object();
  }
  json.end_array();
}

/// What its owner has set, in the order in which Orion shows it.
void write_definition(JsonWriter& json, const Registration& registration, std::string_view expires,
                      std::string_view status) {
  if (!registration.description.empty()) json.key("description").string(registration.description);
  if (!expires.empty()) json.key("expires").string(expires);
  json.key("dataProvided").begin_object();
  write_entities(json, registration);
  json.key("attrs").begin_array();
  for (const auto& name : registration.attributes) json.string(name);
  json.end_array().end_object();
  json.key("provider").begin_object();
  json.key("http").begin_object().key("url").string(registration.url).end_object();
  json.key("supportedForwardingMode").string(name_of(registration.mode));
  json.key("legacyForwarding").boolean(registration.legacy_forwarding);
  json.end_object();
  json.key("status").string(status);
}

void write_moment(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& moment) {
  if (moment) json.key(name).string(to_iso8601_milliseconds(*moment));
}

void write_forwarding(JsonWriter& json, const ForwardingInformation& forwarding) {
  json.key("forwardingInformation").begin_object();
  json.key("timesSent").integer(forwarding.times_sent);
  write_moment(json, "lastForwarding", forwarding.last_forwarding);
  write_moment(json, "lastSuccess", forwarding.last_success);
  write_moment(json, "lastFailure", forwarding.last_failure);
  json.end_object();
}

}  // namespace

std::string_view name_of(ForwardingMode mode) {
  switch (mode) {
    case ForwardingMode::all:
      return "all";
    case ForwardingMode::query:
      return "query";
    case ForwardingMode::update:
      return "update";
    case ForwardingMode::none:
      return "none";
  }
  return "none";
}

void render_registration(const Registration& registration, Timestamp now, std::string& out) {
  const std::string expires = registration.expires ? to_iso8601_milliseconds(*registration.expires) : std::string{};
  const std::string_view set = registration.active ? "active" : "inactive";
  JsonWriter json(out);
  json.begin_object();
  json.key("id").string(registration.id);
  write_definition(json, registration, expires, registration.is_expired(now) ? "expired" : set);
  if (registration.forwarding.times_sent > 0) write_forwarding(json, registration.forwarding);
  json.end_object();
}

std::string to_definition(const Registration& registration) {
  const std::string expires = registration.expires ? to_iso8601_microseconds(*registration.expires) : std::string{};
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_definition(json, registration, expires, registration.active ? "active" : "inactive");
  json.end_object();
  return out;
}

}  // namespace machi::broker

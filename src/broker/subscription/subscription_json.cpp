#include "broker/subscription/subscription_json.h"

#include "base/json_writer.h"
#include "broker/subscription/subscription_parser.h"

namespace machi::broker {
namespace {

/// How a definition ends whose secrets are sealed. No client can write a last member of the definition.
constexpr std::string_view kSealedEnd = R"(,"secrets":"sealed"})";

void strings(JsonWriter& w, std::string_view name, const std::vector<std::string>& items) {
  w.key(name).begin_array();
  for (const auto& item : items) w.string(item);
  w.end_array();
}

void text(JsonWriter& w, std::string_view name, std::string_view value) {
  if (!value.empty()) w.key(name).string(value);
}

void time(JsonWriter& w, std::string_view name, const std::optional<Timestamp>& value) {
  if (value) w.key(name).string(to_iso8601_milliseconds(*value));
}

/// Times of deliveries are told in whole seconds, as clients know them.
void second(JsonWriter& w, std::string_view name, std::optional<Timestamp> value) {
  constexpr std::int64_t kSecond = 1'000'000;
  if (value) value->microseconds -= value->microseconds % kSecond;
  time(w, name, value);
}

void dictionary(JsonWriter& w, std::string_view name, const std::map<std::string, std::string>& entries) {
  if (entries.empty()) return;
  w.key(name).begin_object();
  for (const auto& [key, value] : entries) w.key(key).string(value);
  w.end_object();
}

std::string_view alteration_name(Alteration alteration) {
  switch (alteration) {
    case kEntityCreate:
      return "entityCreate";
    case kEntityChange:
      return "entityChange";
    case kEntityUpdate:
      return "entityUpdate";
    case kEntityDelete:
      return "entityDelete";
  }
  return "entityChange";
}

void condition(JsonWriter& w, const SubscriptionCondition& c) {
  w.key("condition").begin_object();
  strings(w, "attrs", c.attributes);
  text(w, "jexlExpression", c.jexl_expression);
  if (!c.q.empty() || !c.mq.empty() || !c.georel.empty()) {
    w.key("expression").begin_object();
    text(w, "q", c.q);
    text(w, "mq", c.mq);
    text(w, "geometry", c.geometry);
    text(w, "coords", c.coords);
    text(w, "georel", c.georel);
    w.end_object();
  }
  if (!c.alteration_types.empty()) {
    w.key("alterationTypes").begin_array();
    for (const auto alteration : c.alteration_types) w.string(alteration_name(alteration));
    w.end_array();
  }
  w.key("notifyOnMetadataChange").boolean(c.notify_on_metadata_change).end_object();
}

void subject(JsonWriter& w, const Subscription& s) {
  w.key("subject").begin_object().key("entities").begin_array();
  for (const auto& entity : s.entities) {
    w.begin_object();
    text(w, "id", entity.id);
    text(w, "idPattern", entity.id_pattern);
    text(w, "type", entity.type);
    text(w, "typePattern", entity.type_pattern);
    w.end_object();
  }
  w.end_array();
  condition(w, s.condition);
  w.end_object();
}

void ngsi(JsonWriter& w, const NgsiPatch& patch) {
  w.key("ngsi").begin_object();
  text(w, "id", patch.id);
  text(w, "type", patch.type);
  for (const auto& attribute : patch.attributes) {
    w.key(attribute.name).begin_object();
    w.key("type").string(attribute.type).key("value").raw(attribute.value.dump());
    if (attribute.priority) {
      w.key("metadata").begin_object().key("evalPriority").begin_object();
      w.key("type").string("Number").key("value").number(*attribute.priority);
      w.end_object().end_object();
    }
    w.end_object();
  }
  w.end_object();
}

void payload(JsonWriter& w, const CustomPayload& p) {
  switch (p.kind) {
    case PayloadKind::standard:
      return;
    case PayloadKind::none:
      w.key("payload").null();
      return;
    case PayloadKind::text:
      w.key("payload").string(p.text);
      return;
    case PayloadKind::json:
      w.key("json").raw(p.json.dump());
      return;
    case PayloadKind::ngsi:
      ngsi(w, p.ngsi);
      return;
  }
}

void http(JsonWriter& w, const Notification& n) {
  w.key(n.custom ? "httpCustom" : "http").begin_object().key("url").string(n.url);
  if (n.timeout_milliseconds > 0) w.key("timeout").integer(n.timeout_milliseconds);
  if (n.custom) {
    payload(w, n.payload);
    text(w, "method", n.method);
    dictionary(w, "qs", n.query);
    dictionary(w, "headers", n.headers);
  }
  w.end_object();
}

void mqtt(JsonWriter& w, const Notification& n, bool with_secrets) {
  w.key(n.custom ? "mqttCustom" : "mqtt").begin_object().key("url").string(n.url);
  w.key("topic").string(n.topic).key("qos").integer(n.qos).key("retain").boolean(n.retain);
  if (n.credentials) {
    w.key("user").string(n.credentials->user);
    w.key("passwd").string(with_secrets ? std::string_view(n.credentials->password) : "*****");
  }
  if (n.custom) payload(w, n.payload);
  w.end_object();
}

/// `deliveries`: nullptr for the definition, which also holds the secrets.
void notification(JsonWriter& w, const Notification& n, const DeliveryRecord* deliveries) {
  w.key("notification").begin_object();
  if (deliveries != nullptr) {
    if (deliveries->times_sent > 0) w.key("timesSent").integer(deliveries->times_sent);
    second(w, "lastNotification", deliveries->last_notification);
  }
  strings(w, n.attributes_are_excluded ? "exceptAttrs" : "attrs", n.attributes);
  w.key("onlyChangedAttrs").boolean(n.only_changed_attributes).key("attrsFormat").string(to_string(n.format));
  if (n.transport == Transport::http) {
    http(w, n);
  } else {
    mqtt(w, n, deliveries == nullptr);
  }
  if (!n.metadata.empty()) strings(w, "metadata", n.metadata);
  if (deliveries != nullptr) {
    second(w, "lastFailure", deliveries->last_failure);
    text(w, "lastFailureReason", deliveries->last_failure_reason);
    second(w, "lastSuccess", deliveries->last_success);
    if (deliveries->last_success_code) w.key("lastSuccessCode").integer(*deliveries->last_success_code);
  }
  if (n.max_fails_limit) w.key("maxFailsLimit").integer(*n.max_fails_limit);
  if (deliveries != nullptr) {
    if (deliveries->fails_counter > 0) w.key("failsCounter").integer(deliveries->fails_counter);
    if (deliveries->dropped > 0) w.key("dropped").integer(deliveries->dropped);
  }
  w.key("covered").boolean(n.covered).end_object();
}

}  // namespace

void append_subscription(std::string& out, const Subscription& s, Timestamp now, bool mqtt_failure_reason) {
  DeliveryRecord deliveries = s.deliveries;
  if (s.notification.transport == Transport::mqtt && !mqtt_failure_reason) deliveries.last_failure_reason.clear();
  JsonWriter w(out);
  w.begin_object().key("id").string(s.id);
  text(w, "description", s.description);
  time(w, "expires", s.expires);
  w.key("status").string(s.is_expired(now) ? "expired" : to_string(s.status));
  subject(w, s);
  notification(w, s.notification, &deliveries);
  if (s.throttling > 0) w.key("throttling").integer(s.throttling);
  w.end_object();
}

std::string to_definition(const Subscription& s) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  text(w, "description", s.description);
  if (s.expires) w.key("expires").string(to_iso8601_microseconds(*s.expires));
  subject(w, s);
  notification(w, s.notification, nullptr);
  if (s.throttling != 0) w.key("throttling").integer(s.throttling);
  w.end_object();
  const auto& credentials = s.notification.credentials;
  if (credentials && credentials->sealed) out.replace(out.size() - 1, 1, kSealedEnd);
  return out;
}

bool has_sealed_secrets(std::string_view definition) {
  return definition.ends_with(kSealedEnd);
}

Result<Subscription> subscription_from_definition(std::string_view definition) {
  auto parsed = parse_subscription(definition, {});
  if (!parsed) return fail(ErrorCode::internal, "stored subscription: " + parsed.error().message);
  auto& credentials = parsed->notification.credentials;
  if (credentials) credentials->sealed = has_sealed_secrets(definition);
  return parsed;
}

}  // namespace machi::broker

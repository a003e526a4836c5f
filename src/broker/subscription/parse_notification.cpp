#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "broker/model/attribute_types.h"
#include "broker/subscription/notification_templates.h"
#include "broker/subscription/notification_url.h"
#include "broker/subscription/subscription_parser.h"

namespace machi::broker {
namespace {

constexpr std::int64_t kMaxTimeout = 1'800'000;
constexpr int kMaxNesting = 50;
constexpr std::array<std::string_view, 6> kTransports = {"http",       "httpCustom", "mqtt",
                                                         "mqttCustom", "kafka",      "kafkaCustom"};
constexpr std::array<std::string_view, 9> kMethods = {"GET",  "PUT",     "POST",  "DELETE", "PATCH",
                                                      "HEAD", "OPTIONS", "TRACE", "CONNECT"};

bool is_deeper_than(const Json& value, int levels) {
  if (value.is_array()) {
    return levels == 0 ||
           std::ranges::any_of(value.as_array(), [&](const Json& v) { return is_deeper_than(v, levels - 1); });
  }
  if (value.is_object()) {
    return levels == 0 ||
           std::ranges::any_of(value.as_object(), [&](const auto& m) { return is_deeper_than(m.second, levels - 1); });
  }
  return false;
}

// --- ngsi -----------------------------------------------------------------------------------------------------------

void parse_priority(JsonFields& fields, const Json& metadata, PatchAttribute& out) {
  if (!metadata.is_object()) return fields.fail("metadata must be a JSON object");
  for (const auto& [name, content] : metadata.as_object()) {
    if (name != "evalPriority") {
      return fields.fail("only evalPriority metadata is allowed in ngsi field in custom notifications");
    }
    const Json* const value = content.find("value");
    if (value == nullptr || !value->is_number()) return fields.fail("evalPriority metadata must be a number");
    fields.require(value->as_number() >= 1, "evalPriority metadata minimum priority is 1");
    fields.require(value->as_number() <= PatchAttribute::kDefaultPriority,
                   "evalPriority metadata maximum priority is 100000");
    out.priority = value->as_number();
  }
}

void check_name(JsonFields& fields, std::string_view what, const std::string& text) {
  const auto checked = ngsiv2::check_identifier(what, text, fields.rules());
  if (!checked) fields.fail(checked.error().message);
}

void parse_patch_attribute(JsonFields& fields, const std::string& name, const Json& content, NgsiPatch& out) {
  if (!content.is_object()) return fields.fail("attribute must be a JSON object, unless keyValues option is used");
  PatchAttribute attribute{.name = name};
  bool has_type = false;
  for (const auto& [key, value] : content.as_object()) {
    if (key == "type") {
      if (!value.is_string()) return fields.fail("invalid JSON type for attribute type");
      attribute.type = value.as_string();
      has_type = true;
    } else if (key == "value") {
      attribute.value = value;
    } else if (key == "metadata") {
      parse_priority(fields, value, attribute);
    } else {
      return fields.fail("unrecognized property for context attribute");
    }
  }
  if (!has_type) attribute.type = default_type(attribute.value.dump());
  check_name(fields, "attribute name", attribute.name);
  check_name(fields, "attribute type", attribute.type);
  out.attributes.push_back(std::move(attribute));
}

void parse_ngsi(JsonFields& fields, const Json& ngsi, NgsiPatch& out) {
  if (!ngsi.is_object()) return fields.fail("ngsi field in custom notifications must be an object");
  for (const auto& [name, value] : ngsi.as_object()) {
    if (name == "id") {
      if (!value.is_string()) return fields.fail("Invalid JSON type for entity id");
      out.id = value.as_string();
    } else if (name == "type") {
      if (!value.is_string()) return fields.fail("Invalid JSON type for entity type");
      out.type = value.as_string();
    } else {
      parse_patch_attribute(fields, name, value, out);
    }
  }
}

void parse_payload(JsonFields& fields, const Json& custom, CustomPayload& out) {
  const Json* const payload = custom.find("payload");
  const Json* const json = custom.find("json");
  const Json* const ngsi = custom.find("ngsi");
  if ((payload != nullptr) + (json != nullptr) + (ngsi != nullptr) > 1) {
    return fields.fail(
        "only one of payload, json or ngsi fields accepted at the same time in httpCustom, mqttCustom or kafkaCustom");
  }
  if ((json != nullptr && is_deeper_than(*json, kMaxNesting)) ||
      (ngsi != nullptr && is_deeper_than(*ngsi, kMaxNesting))) {
    return fields.fail("Max deep reached in JSON", ErrorCode::parse_error);
  }
  if (payload != nullptr && payload->is_null()) {
    out.kind = PayloadKind::none;
  } else if (payload != nullptr) {
    out.text = fields.text(custom, "payload", "payload custom notification").value_or("");
    fields.require(!fields.has_forbidden(out.text), "forbidden characters in custom /payload/");
    out.kind = out.text.empty() ? PayloadKind::standard : PayloadKind::text;
  } else if (json != nullptr) {
    fields.require(json->is_array() || json->is_object(),
                   "json fields in httpCustom, mqttCustom or kafkaCustom must be object or array");
    out.kind = PayloadKind::json;
    out.json = *json;
  } else if (ngsi != nullptr) {
    out.kind = PayloadKind::ngsi;
    parse_ngsi(fields, *ngsi, out.ngsi);
  }
}

// --- HTTP -----------------------------------------------------------------------------------------------------------

void parse_timeout(JsonFields& fields, const Json& http, Notification& out) {
  out.timeout_milliseconds = fields.integer(http, "timeout").value_or(0);
  fields.require(out.timeout_milliseconds >= 0 && out.timeout_milliseconds <= kMaxTimeout,
                 fmt::format("timeout field must be an integer between 0 and {}", kMaxTimeout));
}

void check_http_url(JsonFields& fields, const std::string& url, std::string_view invalid) {
  const auto parsed = parse_notification_url(url);
  if (!parsed) return fields.fail(std::string(invalid));
  fields.require(parsed->scheme != "mqtt", "mqtt URL cannot be used in http notifications");
  fields.require(parsed->scheme != "kafka", "kafka URL cannot be used in http notifications");
}

void parse_http(JsonFields& fields, const Json& http, Notification& out) {
  if (!http.is_object()) return fields.fail("http notification is not an object");
  out.url = fields.required_text(http, "url", "url http notification");
  fields.require(!fields.has_forbidden(out.url), "forbidden characters in http field /url/");
  parse_timeout(fields, http, out);
  if (fields.ok()) check_http_url(fields, out.url, "Invalid URL parsing notification url");
}

void parse_dictionary(JsonFields& fields, const Json& custom, std::string_view name, std::string_view exceptions,
                      std::map<std::string, std::string>& out) {
  const Json* const object = custom.find(name);
  if (object == nullptr) return;
  const auto described = fmt::format("notification httpCustom {}", name);
  if (!object->is_object()) return fields.fail(described + " is not an object");
  if (object->as_object().empty()) return fields.fail(described + " is empty");
  for (const auto& [key, value] : object->as_object()) {
    if (!value.is_string()) return fields.fail(described + " element is not a string");
    fields.require(!fields.has_forbidden(value.as_string(), exceptions) && !fields.has_forbidden(key),
                   "forbidden characters in custom " + described);
    out[key] = value.as_string();
  }
}

void parse_http_custom(JsonFields& fields, const Json& http, Notification& out) {
  if (!http.is_object()) return fields.fail("httpCustom notification is not an object");
  out.url = fields.required_text(http, "url", "url httpCustom notification");
  fields.require(!fields.has_forbidden(out.url), "forbidden characters in custom /url/");
  // A template can only be judged once it is filled in.
  if (fields.ok() && out.url.find("${") == std::string::npos) check_http_url(fields, out.url, "invalid custom /url/");
  if (const auto method = fields.text(http, "method", "method httpCustom notification")) {
    out.method = *method;
    std::ranges::transform(out.method, out.method.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    fields.require(std::ranges::find(kMethods, out.method) != kMethods.end(), "unknown method httpCustom notification");
  }
  parse_payload(fields, http, out.payload);
  parse_dictionary(fields, http, "qs", {}, out.query);
  parse_dictionary(fields, http, "headers", "'\"", out.headers);
  parse_timeout(fields, http, out);
}

// --- MQTT -----------------------------------------------------------------------------------------------------------

void parse_mqtt_url(JsonFields& fields, const Json& mqtt, Notification& out) {
  out.url = fields.required_text(mqtt, "url", "url mqtt notification");
  fields.require(!fields.has_forbidden(out.url), "forbidden characters in mqtt field /url/");
  if (!fields.ok()) return;
  const auto parsed = parse_notification_url(out.url);
  if (!parsed) return fields.fail("invalid mqtt /url/");
  fields.require(parsed->scheme == "mqtt", "http or https URL cannot be used in mqtt notifications");
  fields.require(parsed->target == "/", "path cannot be used in mqtt url, use topic instead");
}

void parse_mqtt_credentials(JsonFields& fields, const Json& mqtt, Notification& out) {
  const auto user = fields.text(mqtt, "user", "user mqtt notification");
  fields.require(!user || !fields.has_forbidden(*user), "forbidden characters in mqtt /user/");
  const auto password = fields.text(mqtt, "passwd", "passwd mqtt notification");
  fields.require(user.has_value() == password.has_value(), "you must use user and passwd fields simultaneously");
  if (user && password) out.credentials = Credentials{.user = *user, .password = *password};
}

void parse_mqtt(JsonFields& fields, const Json& mqtt, Notification& out) {
  if (!mqtt.is_object()) {
    return fields.fail(out.custom ? "mqttCustom notification is not an object" : "mqtt notification is not an object");
  }
  parse_mqtt_url(fields, mqtt, out);
  parse_mqtt_credentials(fields, mqtt, out);
  const auto qos = fields.integer(mqtt, "qos").value_or(0);
  fields.require(qos >= 0 && qos <= 2, "mqtt qos field must be an integer in the 0 to 2 range");
  out.qos = static_cast<int>(qos);
  out.retain = fields.boolean(mqtt, "retain").value_or(false);
  out.topic = fields.required_text(mqtt, "topic", "topic mqtt notification");
  fields.require(!out.topic.empty(), "empty mqtt field /topic/");
  fields.require(out.topic.find_first_of("+#") == std::string::npos, "+ and # are not allowed in mqtt field /topic/");
  fields.require(!fields.has_forbidden(out.topic), "forbidden characters in mqtt field /topic/");
  if (out.custom) parse_payload(fields, mqtt, out.payload);
}

// --- what both share ------------------------------------------------------------------------------------------------

void parse_transport(JsonFields& fields, const Json& notification, Notification& out) {
  const auto count = std::ranges::count_if(kTransports, [&](auto name) { return notification.find(name) != nullptr; });
  fields.require(count <= 1, "only one of http, httpCustom, mqtt, mqttCustom, kafka or kafkaCustom is allowed");
  fields.require(count > 0, "http, httpCustom, mqtt, mqttCustom, kafka or kafkaCustom is missing");
  if (!fields.ok()) return;
  if (const Json* const http = notification.find("http")) return parse_http(fields, *http, out);
  out.custom = notification.find("httpCustom") != nullptr || notification.find("mqttCustom") != nullptr;
  if (const Json* const http = notification.find("httpCustom")) return parse_http_custom(fields, *http, out);
  const Json* const mqtt = notification.find(out.custom ? "mqttCustom" : "mqtt");
  if (mqtt == nullptr) return fields.fail("kafka notifications are not supported", ErrorCode::not_implemented);
  out.transport = Transport::mqtt;
  parse_mqtt(fields, *mqtt, out);
}

void parse_attributes(JsonFields& fields, const Json& notification, Notification& out) {
  const Json* const attrs = notification.find("attrs");
  const Json* const except = notification.find("exceptAttrs");
  fields.require(attrs == nullptr || except == nullptr, "http notification has attrs and exceptAttrs");
  if (!fields.ok()) return;
  if (attrs != nullptr) {
    out.attributes = fields.identifiers(*attrs, "attrs");
    out.attributes_are_excluded = false;
  } else if (except != nullptr) {
    out.attributes = fields.identifiers(*except, "exceptAttrs");
    fields.require(!out.attributes.empty(), "http notification has exceptAttrs is empty");
    out.attributes_are_excluded = true;
  }
}

void parse_format(JsonFields& fields, const Json& notification, Notification& out) {
  const auto name = fields.text(notification, "attrsFormat");
  if (!name) return;
  for (const auto format : {AttrsFormat::normalized, AttrsFormat::simplified_normalized, AttrsFormat::key_values,
                            AttrsFormat::simplified_key_values, AttrsFormat::values}) {
    if (*name != to_string(format)) continue;
    out.format = format;
    return;
  }
  fields.fail(
      "invalid attrsFormat, accepted values: normalized, simplifiedNormalized, keyValues, simplifiedkeyValues, values");
}

}  // namespace

void parse_notification(JsonFields& fields, const Json& notification, Notification& out) {
  if (!notification.is_object()) return fields.fail("notification is not an object");
  out = {.attributes_are_excluded = out.attributes_are_excluded,
         .only_changed_attributes = out.only_changed_attributes,
         .covered = out.covered};
  parse_transport(fields, notification, out);
  parse_attributes(fields, notification, out);
  if (const auto only = fields.boolean(notification, "onlyChangedAttrs")) out.only_changed_attributes = *only;
  if (const auto covered = fields.boolean(notification, "covered")) {
    out.covered = *covered;
    fields.require(!out.covered || !out.attributes.empty(),
                   "covered true cannot be used if notification attributes list is empty");
  }
  if (const Json* const metadata = notification.find("metadata"); metadata != nullptr && fields.ok()) {
    out.metadata = fields.identifiers(*metadata, "metadata");
  }
  if (out.attributes.empty()) out.covered = out.attributes_are_excluded = false;
  parse_format(fields, notification, out);
  out.max_fails_limit = fields.integer(notification, "maxFailsLimit");
  fields.require(!out.max_fails_limit || *out.max_fails_limit > 0, "maxFailsLimit must be greater than zero");
  if (out.custom && fields.ok()) out.templates = std::make_shared<const NotificationTemplates>(out);
}

}  // namespace machi::broker

#include "broker/subscription/notification.h"

#include <fmt/format.h>

#include "broker/subscription/event_scope.h"
#include "broker/subscription/notification_headers.h"
#include "broker/subscription/notification_templates.h"
#include "broker/subscription/notification_url.h"
#include "broker/subscription/notified_entity.h"
#include "broker/subscription/percent.h"

namespace machi::broker {
namespace {

/// A body and what the headers say of it.
struct Body {
  std::string text{};
  std::string_view content_type{};  ///< empty: no body
  std::string_view format{};        ///< Ngsiv2-AttrsFormat
};

constexpr std::string_view kJson = "application/json; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";

class Builder {
 public:
  Builder(const Subscription& subscription, const ChangeEvent& event, const NotificationContext& context)
      : subscription_(subscription),
        notification_(subscription.notification),
        event_(event),
        context_(context),
        scope_(event, context.auth_token) {}

  Result<OutgoingNotification> build() {
    auto body = make_body();
    if (!body) return fail(std::move(body.error()));
    if (body->text.size() > TextTemplate::kMaxLength) {
      return fail(ErrorCode::payload_too_large, "the notification is larger than 8 MB");
    }
    return notification_.transport == Transport::http ? make_http(std::move(*body)) : make_mqtt(std::move(*body));
  }

 private:
  [[nodiscard]] Timestamp now() const { return event_.recorded; }

  [[nodiscard]] const NotificationTemplates& templates() const { return *notification_.templates; }

  [[nodiscard]] Result<std::string> fill(const NotificationText& text, std::string_view null_text) const {
    if (!text.parsed) return fail(ErrorCode::bad_request, fmt::format("a macro is not closed in '{}'", text.text));
    auto filled = text.parsed->fill(scope_, now(), null_text);
    if (!filled) return fail(ErrorCode::payload_too_large, "the notification is larger than 8 MB");
    return std::move(*filled);
  }

  Result<Body> make_body() {
    switch (notification_.payload.kind) {
      case PayloadKind::none:
        return Body{.format = "custom"};
      case PayloadKind::text: {
        auto text = fill(templates().payload, "null");
        if (!text) return fail(std::move(text.error()));
        return Body{.text = percent_decode(*text), .content_type = kText, .format = "custom"};
      }
      case PayloadKind::json:
        return Body{.text = templates().json.fill(scope_, now()).dump(), .content_type = kJson, .format = "custom"};
      case PayloadKind::standard:
      case PayloadKind::ngsi:
        break;
    }
    NotifiedEntity entity(event_, notification_);
    if (notification_.payload.kind == PayloadKind::ngsi) entity.patch(templates(), scope_, now());
    Body body{.content_type = kJson, .format = to_string(notification_.format)};
    entity.append_body(body.text, subscription_.id);
    return body;
  }

  Result<OutgoingNotification> make_http(Body body) {
    auto url = make_url();
    if (!url) return fail(std::move(url.error()));
    auto headers = make_headers(body);
    if (!headers) return fail(std::move(headers.error()));
    return HttpNotification{.method = notification_.method.empty() ? "POST" : notification_.method,
                            .url = std::move(*url),
                            .headers = std::move(*headers),
                            .body = std::move(body.text),
                            .timeout = std::chrono::milliseconds(notification_.timeout_milliseconds)};
  }

  Result<std::string> make_url() {
    if (!notification_.custom) return encode_url(notification_.url);
    auto url = fill(templates().url, "");
    if (!url) return url;
    const auto parsed = parse_notification_url(*url);
    if (!parsed || !parsed->scheme.starts_with("http")) {
      return fail(ErrorCode::bad_request, fmt::format("'{}' is no URL for a notification", *url));
    }
    auto query = make_query();
    if (!query) return query;
    if (query->empty()) return encode_url(*url);
    return encode_url(*url) + (parsed->target.find('?') == std::string::npos ? "?" : "&") + *query;
  }

  Result<std::string> make_query() {
    std::map<std::string, std::string> filled;
    for (const auto& [name, value] : templates().query) {
      auto filled_name = fill(name, "");
      if (!filled_name) return filled_name;
      auto filled_value = fill(value, "");
      if (!filled_value) return filled_value;
      if (!filled_name->empty() && !filled_value->empty()) filled[std::move(*filled_name)] = std::move(*filled_value);
    }
    std::string out;
    for (const auto& [name, value] : filled) {
      if (!out.empty()) out += '&';
      out += encode_query_part(name) + "=" + encode_query_part(value);
    }
    return out;
  }

  Result<std::vector<std::pair<std::string, std::string>>> make_headers(const Body& body) {
    NotificationHeaders headers;
    headers.set("User-Agent", "machi/" MACHI_VERSION);
    if (!event_.tenant.empty()) headers.set("Fiware-Service", event_.tenant);
    headers.set("Fiware-ServicePath", event_.entity.service_path);
    if (!context_.auth_token.empty()) headers.set("X-Auth-Token", context_.auth_token);
    headers.set("Accept", "application/json");
    if (!body.content_type.empty()) headers.set("Content-Type", std::string(body.content_type));
    headers.set("Fiware-Correlator", fmt::format("{}; cbnotif={}", event_.correlator, context_.ordinal));
    headers.set("Ngsiv2-AttrsFormat", std::string(body.format));
    if (!notification_.custom) return std::move(headers).take();
    for (const auto& [name, value] : templates().headers) {
      auto added = add_custom_header(headers, name, value);
      if (!added) return fail(std::move(added.error()));
    }
    return std::move(headers).take();
  }

  Result<> add_custom_header(NotificationHeaders& headers, const NotificationText& name,
                             const NotificationText& value) {
    auto filled_name = fill(name, "null");
    if (!filled_name) return fail(std::move(filled_name.error()));
    const auto& parsed = value.parsed;
    if (!parsed) return fail(ErrorCode::bad_request, fmt::format("a macro is not closed in header '{}'", name.text));
    // A value that is null leaves the header out, and what the broker would send by itself stays.
    if (parsed->is_single_macro() && parsed->value(scope_, now()).is_null()) return {};
    auto filled_value = parsed->fill(scope_, now(), "null");
    if (!filled_value) return fail(ErrorCode::payload_too_large, "the notification is larger than 8 MB");
    if (filled_name->empty() || *filled_name == "null") return {};
    return headers.set_custom(*filled_name, percent_decode(*filled_value));
  }

  Result<OutgoingNotification> make_mqtt(Body body) {
    MqttNotification out{.url = notification_.url,
                         .topic = notification_.topic,
                         .payload = std::move(body.text),
                         .qos = notification_.qos,
                         .retain = notification_.retain,
                         .credentials = notification_.credentials};
    if (!notification_.custom) return out;
    auto topic = fill(templates().topic, "");
    if (!topic) return fail(std::move(topic.error()));
    // MQTT 3.1.1 §3.3.2.1: no wildcards in the topic of a message.
    if (topic->empty() || topic->find_first_of("+#") != std::string::npos || topic->find('\0') != std::string::npos) {
      return fail(ErrorCode::bad_request, fmt::format("'{}' is no topic to publish to", *topic));
    }
    out.topic = std::move(*topic);
    return out;
  }

  const Subscription& subscription_;
  const Notification& notification_;
  const ChangeEvent& event_;
  const NotificationContext& context_;
  EventScope scope_;
};

}  // namespace

Result<OutgoingNotification> build_notification(const Subscription& subscription, const ChangeEvent& event,
                                                const NotificationContext& context) {
  return Builder(subscription, event, context).build();
}

}  // namespace machi::broker

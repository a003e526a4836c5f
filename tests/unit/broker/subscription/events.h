#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription.h"
#include "broker/subscription/subscription_parser.h"

// Builders for the tests of subscriptions.
namespace machi::broker::testing {

inline constexpr Timestamp kCreated{1764000000000000};
inline constexpr Timestamp kNow{1764000100000000};  // 2025-11-24T16:01:40Z

inline Attribute attribute(std::string name, std::string type, std::string value, std::vector<Metadata> metadata = {}) {
  return {.name = std::move(name),
          .type = std::move(type),
          .value = std::move(value),
          .metadata = std::move(metadata),
          .created = kCreated,
          .modified = kNow};
}

/// An event on entity E of type T; each call adds an attribute and says what happened to it.
class EventBuilder {
 public:
  explicit EventBuilder(std::uint8_t alterations = kEntityChange | kEntityUpdate) {
    event_.entity = {.id = "E", .type = "T", .created = kCreated, .modified = kNow};
    event_.alterations = alterations;
    event_.correlator = "c0";
    event_.recorded = kNow;
  }
  /// An attribute that the request did not name.
  EventBuilder& has(const Attribute& a) {
    event_.entity.attributes.push_back(a);
    return *this;
  }
  EventBuilder& created(const Attribute& a) { return altered(a, AttributeAlteration::Kind::created, std::nullopt); }
  EventBuilder& changed(const Attribute& a, std::string before) {
    Attribute old = a;
    old.value = std::move(before);
    return altered(a, AttributeAlteration::Kind::value_changed, std::move(old));
  }
  EventBuilder& touched(const Attribute& a) { return altered(a, AttributeAlteration::Kind::touched, std::nullopt); }
  EventBuilder& metadata_changed(const Attribute& a) {
    return altered(a, AttributeAlteration::Kind::metadata_changed, a);
  }
  EventBuilder& removed(const Attribute& a) {
    event_.altered.push_back({a.name, AttributeAlteration::Kind::removed, a});
    return *this;
  }
  EventBuilder& named(std::string id, std::string type) {
    event_.entity.id = std::move(id);
    event_.entity.type = std::move(type);
    return *this;
  }
  EventBuilder& at(std::string path) {
    event_.entity.service_path = std::move(path);
    return *this;
  }
  EventBuilder& correlated(std::string correlator, std::string previous = {}) {
    event_.correlator = std::move(correlator);
    event_.previous_correlator = std::move(previous);
    return *this;
  }
  EventBuilder& in_tenant(std::string name) {
    event_.tenant = std::move(name);
    return *this;
  }
  EventBuilder& expiring(Timestamp at) {
    event_.entity.expires = at;
    return *this;
  }
  operator ChangeEvent() const { return event_; }

 private:
  EventBuilder& altered(const Attribute& a, AttributeAlteration::Kind kind, std::optional<Attribute> before) {
    event_.entity.attributes.push_back(a);
    event_.altered.push_back({a.name, kind, std::move(before)});
    return *this;
  }
  ChangeEvent event_;
};

/// A subscription from the members of its subject.condition and of its notification (the transport may be left out).
inline Subscription subscription(std::string_view condition, std::string_view notification = R"("attrs":[])",
                                 std::string_view entity = R"({"idPattern":".*","type":"T"})") {
  std::string body = R"({"subject":{"entities":[)" + std::string(entity) + "]";
  if (!condition.empty()) body += R"(,"condition":{)" + std::string(condition) + "}";
  body += R"(},"notification":{)" + std::string(notification);
  if (notification.find("\"http") == notification.npos && notification.find("\"mqtt") == notification.npos) {
    body += R"(,"http":{"url":"http://localhost:1234/notify"})";
  }
  body += "}}";
  auto parsed = parse_subscription(body);
  if (!parsed) throw std::runtime_error(parsed.error().message + " in " + body);
  parsed->id = "5f8d1e2b3c4d5e6f7a8b9c0d";
  return *parsed;
}

}  // namespace machi::broker::testing

#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/timestamp.h"
#include "broker/expression/expression.h"
#include "broker/model/change.h"
#include "broker/model/entity.h"
#include "broker/query/tree.h"

// A subscription of NGSIv2 as the broker holds it ("Subscription payload datamodel" of Orion's manual). Texts are kept
// as the client gave them, beside what they were compiled to.
namespace machi::broker {

/// One element of `subject.entities`. Exactly one of id and id_pattern is set, at most one of type and type_pattern.
struct SubjectEntity {
  std::string id{};
  std::string id_pattern{};
  std::string type{};
  std::string type_pattern{};
  query::Pattern id_regex{};    ///< of id_pattern
  query::Pattern type_regex{};  ///< of type_pattern

  [[nodiscard]] bool is_same_as(const SubjectEntity& other) const {
    return id == other.id && id_pattern == other.id_pattern && type == other.type && type_pattern == other.type_pattern;
  }
};

struct SubscriptionCondition {
  std::vector<std::string> attributes{};  ///< empty: any
  std::string jexl_expression{};
  std::string q{};
  std::string mq{};
  std::string geometry{};  ///< the three of geography are all set or all empty
  std::string coords{};
  std::string georel{};
  std::vector<Alteration> alteration_types{};  ///< in the order given; empty: create and change
  bool notify_on_metadata_change = true;

  query::Filter q_filter{};
  query::Filter mq_filter{};
  std::optional<query::GeoCondition> geo{};
  /// Absent also when jexl_expression is not of the grammar: then it never holds.
  std::optional<Expression> jexl{};
};

/// What stands in the body of a notification.
enum class PayloadKind : std::uint8_t {
  standard,  ///< as attrsFormat says
  none,      ///< `payload: null`
  text,
  json,
  ngsi,
};

/// An attribute of `ngsi`: added to the entity of the notification, or put in place of its namesake.
struct PatchAttribute {
  std::string name;
  std::string type;
  Json value{};                      ///< strings in it are templates
  std::optional<double> priority{};  ///< metadata evalPriority; absent: kDefaultPriority
  static constexpr double kDefaultPriority = 100000;
};

/// The value of `ngsi`. Id and type are templates, empty when not given.
struct NgsiPatch {
  std::string id{};
  std::string type{};
  std::vector<PatchAttribute> attributes{};
};

struct CustomPayload {
  PayloadKind kind = PayloadKind::standard;
  std::string text{};
  Json json{};
  NgsiPatch ngsi{};
};

enum class AttrsFormat : std::uint8_t { normalized, simplified_normalized, key_values, simplified_key_values, values };
[[nodiscard]] std::string_view to_string(AttrsFormat format);

enum class Transport : std::uint8_t { http, mqtt };

struct Credentials {
  std::string user;
  std::string password;
  bool sealed = false;  ///< the password stands there as SecretBox wrote it
};

struct NotificationTemplates;

struct Notification {
  Transport transport = Transport::http;
  bool custom = false;  ///< httpCustom, mqttCustom: strings are templates
  std::string url{};
  CustomPayload payload{};

  // HTTP
  std::string method{};  ///< empty: POST
  std::map<std::string, std::string> query{};
  std::map<std::string, std::string> headers{};
  std::int64_t timeout_milliseconds = 0;  ///< 0: the broker's default

  // MQTT
  std::string topic{};
  int qos = 0;
  bool retain = false;
  std::optional<Credentials> credentials{};

  std::vector<std::string> attributes{};
  bool attributes_are_excluded = false;  ///< exceptAttrs
  AttrsFormat format = AttrsFormat::normalized;
  std::vector<std::string> metadata{};
  bool only_changed_attributes = false;
  bool covered = false;
  std::optional<std::int64_t> max_fails_limit{};

  /// What the texts of a custom notification were parsed to; null when it is none. Set by the parser.
  std::shared_ptr<const NotificationTemplates> templates{};
};

enum class SubscriptionStatus : std::uint8_t { active, inactive, oneshot };
[[nodiscard]] std::string_view to_string(SubscriptionStatus status);
/// active for a text that is none of the three.
[[nodiscard]] SubscriptionStatus subscription_status(std::string_view text);

/// What deliveries change; no part of the definition.
struct DeliveryRecord {
  std::int64_t times_sent = 0;
  std::int64_t fails_counter = 0;
  std::int64_t dropped = 0;  ///< notifications given up: too old or too many waiting
  std::optional<Timestamp> last_notification{};
  std::optional<Timestamp> last_success{};
  std::optional<int> last_success_code{};  ///< HTTP status; none for MQTT
  std::optional<Timestamp> last_failure{};
  std::string last_failure_reason{};
};

struct Subscription {
  TenantId tenant{};
  std::string id{};                 ///< 24 hexadecimal digits that grow with time
  std::string service_path = "/#";  ///< of the request that made it; `/a/#` covers the tree below
  std::string owner{};              ///< subject of the principal that made it

  std::string description{};
  std::vector<SubjectEntity> entities{};
  SubscriptionCondition condition{};
  Notification notification{};
  std::optional<Timestamp> expires{};
  SubscriptionStatus status = SubscriptionStatus::active;
  std::int64_t throttling = 0;  ///< seconds; 0 or less: none

  DeliveryRecord deliveries{};

  [[nodiscard]] bool is_expired(Timestamp now) const { return expires && *expires < now; }
  /// Whether a change at this time may be notified at all.
  [[nodiscard]] bool is_live(Timestamp at) const { return status != SubscriptionStatus::inactive && !is_expired(at); }
  /// Whether throttling drops a notification at this time.
  [[nodiscard]] bool is_throttled(Timestamp at) const;
};

}  // namespace machi::broker

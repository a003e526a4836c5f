#include "broker/subscription/subscription.h"

namespace machi::broker {

std::string_view to_string(AttrsFormat format) {
  switch (format) {
    case AttrsFormat::normalized:
      return "normalized";
    case AttrsFormat::simplified_normalized:
      return "simplifiedNormalized";
    case AttrsFormat::key_values:
      return "keyValues";
    case AttrsFormat::simplified_key_values:
      return "simplifiedKeyValues";
    case AttrsFormat::values:
      return "values";
  }
  return "normalized";
}

std::string_view to_string(SubscriptionStatus status) {
  switch (status) {
    case SubscriptionStatus::active:
      return "active";
    case SubscriptionStatus::inactive:
      return "inactive";
    case SubscriptionStatus::oneshot:
      return "oneshot";
  }
  return "active";
}

SubscriptionStatus subscription_status(std::string_view text) {
  if (text == "inactive") return SubscriptionStatus::inactive;
  return text == "oneshot" ? SubscriptionStatus::oneshot : SubscriptionStatus::active;
}

bool Subscription::is_throttled(Timestamp at) const {
  if (throttling <= 0 || !deliveries.last_notification) return false;
  return at.seconds() - deliveries.last_notification->seconds() < static_cast<double>(throttling);
}

}  // namespace machi::broker

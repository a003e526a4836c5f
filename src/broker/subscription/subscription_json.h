#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/subscription/subscription.h"

namespace machi::broker {

/// Appends the subscription as `GET /v2/subscriptions` shows it at this time: members and their order as Orion's, a
/// password as `*****`, status `expired` once it is. What has its default is left out where Orion leaves it out.
/// `mqtt_failure_reason`: whether MQTT subscriptions tell `lastFailureReason`; Orion keeps it for HTTP only.
void append_subscription(std::string& out, const Subscription& subscription, Timestamp now,
                         bool mqtt_failure_reason = true);

/// The definition for the database: all that the client gave, secrets included; no id, service path, owner, status or
/// delivery record (columns of their own).
[[nodiscard]] std::string to_definition(const Subscription& subscription);
/// Reads back what to_definition wrote, and compiles it. Errors: internal.
[[nodiscard]] Result<Subscription> subscription_from_definition(std::string_view definition);

}  // namespace machi::broker

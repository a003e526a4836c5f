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

/// The definition for the database: all that the client gave, secrets included as they stand in the subscription: who
/// stores it seals them first. No id, service path, owner, status or delivery record (columns of their own).
[[nodiscard]] std::string to_definition(const Subscription& subscription);
/// Whether the secrets in a definition, if there are any, are sealed.
[[nodiscard]] bool has_sealed_secrets(std::string_view definition);
/// Reads back what to_definition wrote, and compiles it; secrets that were sealed still are. Errors: internal.
[[nodiscard]] Result<Subscription> subscription_from_definition(std::string_view definition);

}  // namespace machi::broker

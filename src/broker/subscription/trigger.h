#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "broker/query/matcher.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription.h"

namespace machi::broker {

/// Whether the change triggers the subscription ("Notification Triggering" and "Subscriptions based in alteration type"
/// of Orion's manual), cheap questions first. Status and expiry are judged at the change's time; throttling and
/// one-shot are not: they are decided where notifications are counted. `place` judges the geographic condition; nullptr
/// when there is none.
[[nodiscard]] bool matches(const Subscription& subscription, const ChangeEvent& event, const query::Matcher* place);

/// A matcher of the subscription's geographic condition alone; nothing when it has none.
[[nodiscard]] std::optional<query::Matcher> place_matcher(const Subscription& subscription);

/// Which attributes a notification of this change is limited to: `notification.attributes`, or with onlyChangedAttrs
/// those of them that the request named. `excluded` tells that they are left out rather than let in.
struct AttributeSelection {
  std::vector<std::string> names{};
  bool excluded = false;
  /// onlyChangedAttrs left nothing: there is no notification.
  bool is_void = false;
};
[[nodiscard]] AttributeSelection select_attributes(const Notification& notification, const ChangeEvent& event);

/// Whether a subscription's service path (`/a`, `/a/#`) covers an entity's.
[[nodiscard]] bool covers_path(std::string_view subscription_path, std::string_view entity_path);

}  // namespace machi::broker

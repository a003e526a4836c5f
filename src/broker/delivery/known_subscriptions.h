#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/subscription/subscription_index.h"
#include "broker/subscription/subscription_store.h"
#include "core/change_log.h"

namespace machi::broker {

/// Tenant and id of a subscription.
using SubscriptionName = std::pair<std::int32_t, std::string>;
[[nodiscard]] inline SubscriptionName name_of(const Subscription& subscription) {
  return {subscription.tenant.value, subscription.id};
}

/// The subscriptions of all tenants as they are at the place that has been reached in the log, and how many of their
/// deliveries failed in a row. Not thread-safe.
class KnownSubscriptions {
 public:
  explicit KnownSubscriptions(const SubscriptionStore& store) : store_(store) {}

  /// Takes the place of everything that is known.
  void load(std::vector<StoredSubscription> all);
  /// Applies an entry of ChangeKind::subscription.
  void apply(const core::LogEntry& entry);
  /// Until the next announcement, as after a one-shot or too many failures.
  void make_inactive(const SubscriptionName& name);

  /// Null for one that is not there (any more).
  [[nodiscard]] SubscriptionPointer find(const SubscriptionName& name) const;
  /// Whether changes of the tenant concern any.
  [[nodiscard]] bool any_of(TenantId tenant) const;
  /// Those that a change triggers and that were made before it.
  [[nodiscard]] std::vector<SubscriptionPointer> triggered_by(const ChangeEvent& event, std::int64_t sequence);

  /// Counts a failure and answers how many there were in a row.
  std::int64_t add_failure(const SubscriptionName& name);
  void forget_failures(const SubscriptionName& name);
  /// What all nodes have counted together; whether that is more than was known here.
  bool raise_failures(const SubscriptionName& name, std::int64_t failures);

 private:
  struct Known {
    SubscriptionPointer subscription;
    std::int64_t created_sequence = 0;
    std::int64_t revision = 0;
    std::int64_t failures = 0;
  };
  void outdate(TenantId tenant);
  void rebuild(TenantId tenant);

  const SubscriptionStore& store_;
  std::map<SubscriptionName, Known> known_;
  std::vector<TenantId> outdated_;  ///< tenants whose index must be rebuilt before it is asked
  SubscriptionIndex index_;
};

}  // namespace machi::broker

#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription.h"
#include "broker/subscription/trigger.h"

namespace machi::broker {

using SubscriptionPointer = std::shared_ptr<const Subscription>;

/// The subscriptions of one tenant, found by what a change touches: the entity's id, its type, the attributes altered.
/// Immutable in content; its geographic matchers keep scratch space, so it belongs to one thread at a time: each loop
/// builds its own.
class TenantSubscriptions {
 public:
  explicit TenantSubscriptions(std::vector<SubscriptionPointer> subscriptions);

  /// Those that the change triggers, ordered by id. Empty when the change closes a loop of notifications.
  [[nodiscard]] std::vector<SubscriptionPointer> triggered_by(const ChangeEvent& event) const;
  /// How many subscriptions the last look-ups would have to judge for this change; for tests and metrics.
  [[nodiscard]] std::size_t candidate_count(const ChangeEvent& event) const { return candidates(event).size(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Position = std::uint32_t;
  struct Entry {
    SubscriptionPointer subscription;
    std::optional<query::Matcher> place;
  };
  /// Subscriptions that share an id, a type, or neither; told apart by what they wait for.
  struct Bucket {
    std::unordered_map<std::string, std::vector<Position>> by_attribute{};
    std::vector<Position> any_attribute{};
    std::vector<Position> removals{};
  };

  void add(Position position);
  static void add_to(Bucket& bucket, Position position, const SubscriptionCondition& condition);
  [[nodiscard]] std::vector<Position> candidates(const ChangeEvent& event) const;
  static void collect(const Bucket& bucket, const ChangeEvent& event, std::vector<Position>& out);

  std::vector<Entry> entries_{};
  std::unordered_map<std::string, Bucket> by_id_{};
  std::unordered_map<std::string, Bucket> by_type_{};
  Bucket by_pattern_{};  ///< neither id nor type is named exactly
};

/// The subscriptions of all tenants. A change to one tenant leaves the others' as they are.
class SubscriptionIndex {
 public:
  /// Takes the place of the tenant's subscriptions.
  void set(TenantId tenant, std::vector<SubscriptionPointer> subscriptions);
  [[nodiscard]] std::vector<SubscriptionPointer> triggered_by(const ChangeEvent& event) const;
  [[nodiscard]] const TenantSubscriptions* find(TenantId tenant) const;

 private:
  std::unordered_map<std::int32_t, TenantSubscriptions> tenants_{};
};

}  // namespace machi::broker

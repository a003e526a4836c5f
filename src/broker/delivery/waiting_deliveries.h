#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "broker/delivery/delivery_journal.h"
#include "broker/delivery/known_subscriptions.h"

namespace machi::broker {

/// A subscription and an entity (its key): what is notified about one keeps its order.
using ChainName = std::pair<SubscriptionName, std::int64_t>;

/// The waiting deliveries (machi.pending_delivery) of this node's slots, in chains: one for each subscription and
/// entity, in order of the log. No I/O. Not thread-safe but for `size`.
class WaitingDeliveries {
 public:
  struct Chain {
    std::deque<PendingDelivery> waiting;  ///< never empty
    bool retry_queued = false;
  };

  /// Puts it at its place; false when that one waits already.
  bool add(PendingDelivery delivery);
  /// Null when nothing waits there. Valid until something is added or removed.
  [[nodiscard]] Chain* find(const ChainName& name);
  /// Takes away the oldest of a chain that there is.
  PendingDelivery pop(const ChainName& name);
  /// Takes away a whole chain; empty if there is none.
  std::deque<PendingDelivery> take(const ChainName& name);
  /// Forgets what belongs to other slots than these (sorted): another node answers for it.
  void keep_slots(std::span<const std::int64_t> slots);

  [[nodiscard]] std::int64_t count(const SubscriptionName& subscription) const;
  /// The chain whose head is the oldest of a subscription.
  [[nodiscard]] std::optional<ChainName> oldest_of(const SubscriptionName& subscription) const;
  /// Chains whose head is due and for which no retry is queued.
  [[nodiscard]] std::vector<ChainName> due(Timestamp present) const;
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  void uncount(const SubscriptionName& subscription, std::size_t removed);

  std::map<ChainName, Chain> chains_;
  std::map<SubscriptionName, std::int64_t> counts_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace machi::broker

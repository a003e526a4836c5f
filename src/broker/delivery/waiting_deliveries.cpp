#include "broker/delivery/waiting_deliveries.h"

#include <algorithm>
#include <limits>

namespace machi::broker {

bool WaitingDeliveries::add(PendingDelivery delivery) {
  const SubscriptionName subscription{delivery.tenant.value, delivery.subscription};
  auto& waiting = chains_[{subscription, delivery.entity_key}].waiting;
  // Usually it is the newest; but newer ones that found no room in their lane may stand here already.
  const auto place = std::ranges::lower_bound(waiting, delivery.sequence, {}, &PendingDelivery::sequence);
  if (place != waiting.end() && place->sequence == delivery.sequence) return false;
  waiting.insert(place, std::move(delivery));
  ++counts_[subscription];
  size_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

WaitingDeliveries::Chain* WaitingDeliveries::find(const ChainName& name) {
  const auto it = chains_.find(name);
  return it == chains_.end() ? nullptr : &it->second;
}

PendingDelivery WaitingDeliveries::pop(const ChainName& name) {
  const auto it = chains_.find(name);
  PendingDelivery oldest = std::move(it->second.waiting.front());
  it->second.waiting.pop_front();
  uncount(name.first, 1);
  if (it->second.waiting.empty()) chains_.erase(it);
  return oldest;
}

std::deque<PendingDelivery> WaitingDeliveries::take(const ChainName& name) {
  const auto it = chains_.find(name);
  if (it == chains_.end()) return {};
  std::deque<PendingDelivery> taken = std::move(it->second.waiting);
  uncount(name.first, taken.size());
  chains_.erase(it);
  return taken;
}

void WaitingDeliveries::keep_slots(std::span<const std::int64_t> slots) {
  std::erase_if(chains_, [&](const auto& item) {
    const auto& [name, chain] = item;
    if (std::ranges::binary_search(slots, std::int64_t{chain.waiting.front().slot})) return false;
    uncount(name.first, chain.waiting.size());
    return true;
  });
}

std::int64_t WaitingDeliveries::count(const SubscriptionName& subscription) const {
  const auto it = counts_.find(subscription);
  return it == counts_.end() ? 0 : it->second;
}

std::optional<ChainName> WaitingDeliveries::oldest_of(const SubscriptionName& subscription) const {
  std::optional<ChainName> oldest;
  std::int64_t sequence = std::numeric_limits<std::int64_t>::max();
  for (auto it = chains_.lower_bound({subscription, std::numeric_limits<std::int64_t>::min()});
       it != chains_.end() && it->first.first == subscription; ++it) {
    const PendingDelivery& head = it->second.waiting.front();
    if (head.sequence >= sequence) continue;
    sequence = head.sequence;
    oldest = it->first;
  }
  return oldest;
}

std::vector<ChainName> WaitingDeliveries::due(Timestamp present) const {
  std::vector<ChainName> names;
  for (const auto& [name, chain] : chains_) {
    if (!chain.retry_queued && chain.waiting.front().next_attempt <= present) names.push_back(name);
  }
  return names;
}

void WaitingDeliveries::uncount(const SubscriptionName& subscription, std::size_t removed) {
  size_.fetch_sub(removed, std::memory_order_relaxed);
  const auto it = counts_.find(subscription);
  it->second -= static_cast<std::int64_t>(removed);
  if (it->second == 0) counts_.erase(it);
}

}  // namespace machi::broker

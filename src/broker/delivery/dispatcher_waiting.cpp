// The part of the dispatcher that keeps failed deliveries and tries them again.
#include "base/log.h"
#include "broker/delivery/dispatcher.h"
#include "broker/delivery/log_event.h"
#include "broker/store/slot.h"

namespace machi::broker {

std::chrono::milliseconds Dispatcher::back_off(int attempts) const {
  const auto wait = options_.first_retry * (1LL << std::min(attempts > 0 ? attempts - 1 : 0, 20));
  return std::min<std::chrono::milliseconds>(wait, options_.longest_retry);
}

void Dispatcher::wait_in_chain(const Delivery& delivery, bool attempted, std::string reason) {
  const Subscription& subscription = *delivery.subscription;
  const SubscriptionName name{subscription.tenant.value, subscription.id};
  PendingDelivery waiting;
  waiting.tenant = subscription.tenant;
  waiting.subscription = subscription.id;
  waiting.sequence = delivery.entry->sequence;
  waiting.slot = slot_of(subscription.tenant, delivery.entry->id);
  waiting.entity_key = delivery.entry->entity_key;
  waiting.version = delivery.entry->version;
  waiting.event = to_text(*delivery.entry);
  waiting.attempts = attempted ? 1 : 0;
  waiting.first_attempt = now();
  waiting.next_attempt = waiting.first_attempt + back_off(waiting.attempts);
  waiting.last_reason = std::move(reason);
  journal_.keep(waiting, delivery.hold);
  // Usually it is the newest; but newer ones that found no room in the lane may stand here already.
  auto& chain = chains_[{name, waiting.entity_key}].waiting;
  const auto place = std::ranges::lower_bound(chain, waiting.sequence, {}, &PendingDelivery::sequence);
  if (place != chain.end() && place->sequence == waiting.sequence) return;
  chain.insert(place, std::move(waiting));
  ++waiting_of_[name];
  waiting_count_.fetch_add(1, std::memory_order_relaxed);
  limit_waiting(name);
}

void Dispatcher::pop_waiting(Chain& chain) {
  const PendingDelivery& front = chain.waiting.front();
  journal_.forget(front);
  --waiting_of_[{front.tenant.value, front.subscription}];
  waiting_count_.fetch_sub(1, std::memory_order_relaxed);
  chain.waiting.pop_front();
}

void Dispatcher::limit_waiting(const SubscriptionName& name) {
  if (waiting_of_[name] <= options_.waiting_per_subscription) return;
  // The oldest of the subscription gives way.
  auto oldest = chains_.end();
  for (auto it = chains_.lower_bound({name, std::numeric_limits<std::int64_t>::min()});
       it != chains_.end() && it->first.first == name; ++it) {
    if (it->second.waiting.empty()) continue;
    if (oldest == chains_.end() || it->second.waiting.front().sequence < oldest->second.waiting.front().sequence)
      oldest = it;
  }
  if (oldest == chains_.end()) return;
  pop_waiting(oldest->second);
  if (oldest->second.waiting.empty()) chains_.erase(oldest);
  meters_.dropped->add();
  journal_.dropped(TenantId{name.first}, name.second, 1);
}

void Dispatcher::forget_chain(const ChainName& name) {
  const auto it = chains_.find(name);
  if (it == chains_.end()) return;
  while (!it->second.waiting.empty()) pop_waiting(it->second);
  chains_.erase(it);
}

Task<bool> Dispatcher::drain(ChainName name, std::int64_t newest) {
  for (;;) {
    const auto it = chains_.find(name);
    if (it == chains_.end()) co_return true;
    if (it->second.waiting.empty()) {
      chains_.erase(it);
      co_return true;
    }
    if (it->second.waiting.front().sequence > newest) co_return true;
    const SubscriptionPointer subscription = known(name.first);
    if (subscription == nullptr) {
      forget_chain(name);
      co_return true;
    }
    const PendingDelivery head = it->second.waiting.front();
    if (now() - head.first_attempt > options_.waiting_time) {
      pop_waiting(it->second);
      meters_.dropped->add();
      journal_.dropped(head.tenant, head.subscription, 1);
      continue;
    }
    const bool due = head.next_attempt <= now();
    auto tenant_name = co_await tenants_.name_of(head.tenant);
    if (!tenant_name) co_return false;
    auto event = event_from_text(head.event, std::move(*tenant_name));
    DeliveryResult result{false, {}, "the event cannot be read any more", true};
    if (event) result = co_await sender_.send(subscription.get(), &*event, 1);
    const auto again = chains_.find(name);
    if (again == chains_.end() || again->second.waiting.empty() ||
        again->second.waiting.front().sequence != head.sequence)
      continue;
    if (result.delivered) {
      note_success(*subscription, result, event->recorded, head.attempts == 0, nullptr);
      pop_waiting(again->second);
      continue;
    }
    note_failure(*subscription, result.reason, head.attempts == 0, nullptr);
    if (result.final) {
      pop_waiting(again->second);
      continue;
    }
    PendingDelivery& front = again->second.waiting.front();
    front.last_reason = result.reason;
    // A try that a newer event asked for before its time does not make the distance longer: a burst of events during a
    // short failure would put the next try off for minutes.
    if (due || front.attempts == 0) {
      ++front.attempts;
      front.next_attempt = now() + back_off(front.attempts);
      journal_.keep(front, nullptr);
    }
    co_return false;
  }
}

void Dispatcher::queue_due_retries() {
  if (!loaded_) return;  // every delivery would look like one of a removed subscription
  const Timestamp present = now();
  std::vector<ChainName> orphans;
  for (auto& [name, chain] : chains_) {
    if (chain.retry_queued || chain.waiting.empty() || chain.waiting.front().next_attempt > present) continue;
    const SubscriptionPointer subscription = known(name.first);
    if (subscription == nullptr) {
      orphans.push_back(name);
      continue;
    }
    chain.retry_queued = true;
    Retry retry{name, chain.waiting.back().sequence};
    put_into_lane(name.first, endpoint_of(*subscription), name.second, std::move(retry));
  }
  for (const ChainName& name : orphans) forget_chain(name);
}

Task<Result<>> Dispatcher::slots_changed(std::vector<std::int64_t> slots) {
  std::vector<std::int64_t> gained;
  std::ranges::set_difference(slots, slots_, std::back_inserter(gained));
  std::erase_if(chains_, [&](const auto& item) {
    const auto& waiting = item.second.waiting;
    const bool lost =
        !waiting.empty() && !std::ranges::binary_search(slots, static_cast<std::int64_t>(waiting.front().slot));
    if (lost) {
      waiting_of_[item.first.first] -= static_cast<std::int64_t>(waiting.size());
      waiting_count_.fetch_sub(waiting.size(), std::memory_order_relaxed);
    }
    return lost;
  });
  // Before newer events of these slots are handled: they must find what waits, and stay behind it.
  if (!gained.empty() && !stopping_) {
    auto loaded = co_await load_waiting(std::move(gained));
    if (!loaded) co_return loaded;
  }
  slots_ = std::move(slots);
  co_return Result<>();
}

Task<Result<>> Dispatcher::load_waiting(std::vector<std::int64_t> slots) {
  auto loaded = co_await journal_.load(std::move(slots));
  if (!loaded) {
    log::error("waiting deliveries could not be read", {{"reason", loaded.error().message}});
    co_return fail(loaded.error());
  }
  for (PendingDelivery& waiting : *loaded) {
    const SubscriptionName name{waiting.tenant.value, waiting.subscription};
    auto& chain = chains_[{name, waiting.entity_key}].waiting;
    const auto place = std::ranges::lower_bound(chain, waiting.sequence, {}, &PendingDelivery::sequence);
    if (place != chain.end() && place->sequence == waiting.sequence) continue;
    chain.insert(place, std::move(waiting));
    ++waiting_of_[name];
    waiting_count_.fetch_add(1, std::memory_order_relaxed);
  }
  co_return Result<>();
}

}  // namespace machi::broker

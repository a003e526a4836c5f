// The part of the dispatcher that keeps what waits to be delivered and tries it again.
#include "base/log.h"
#include "broker/delivery/dispatcher.h"
#include "broker/delivery/log_event.h"
#include "broker/store/slot.h"

namespace machi::broker {

std::chrono::milliseconds Dispatcher::back_off(int attempts) const {
  const auto wait = options_.first_retry * (1LL << std::min(attempts > 0 ? attempts - 1 : 0, 20));
  return std::min<std::chrono::milliseconds>(wait, options_.longest_retry);
}

/// The delivery as a row that has not been tried, and may be at once.
PendingDelivery Dispatcher::pending(const Delivery& delivery) {
  PendingDelivery row;
  row.tenant = delivery.subscription->tenant;
  row.subscription = delivery.subscription->id;
  row.sequence = delivery.entry->sequence;
  row.slot = slot_of(row.tenant, delivery.entry->id);
  row.entity_key = delivery.entry->entity_key;
  row.version = delivery.entry->version;
  row.event = to_text(*delivery.entry);
  row.recorded = delivery.entry->recorded;
  row.first_attempt = now();
  row.next_attempt = row.first_attempt;
  row.ordinal = delivery.ordinal;
  return row;
}

void Dispatcher::wait_in_chain(const Delivery& delivery, bool attempted, std::string reason) {
  PendingDelivery row = pending(delivery);
  row.attempts = attempted ? 1 : 0;
  row.next_attempt = row.first_attempt + back_off(row.attempts);
  row.last_reason = std::move(reason);
  journal_.keep(row, delivery.hold);
  if (!waiting_.add(std::move(row))) return;
  const SubscriptionName name = name_of(*delivery.subscription);
  if (waiting_.count(name) <= options_.waiting_per_subscription) return;
  if (const auto oldest = waiting_.oldest_of(name)) drop_oldest(*oldest);
}

/// Gives up the oldest of a chain.
void Dispatcher::drop_oldest(const ChainName& name) {
  journal_.forget(waiting_.pop(name));
  journal_.dropped(TenantId{name.first.first}, name.first.second, 1);
  meters_.dropped->add();
}

void Dispatcher::forget_chain(const ChainName& name) {
  for (const PendingDelivery& delivery : waiting_.take(name)) journal_.forget(delivery);
}

Task<> Dispatcher::retry(ChainName name, std::int64_t newest) {
  co_await drain(name, newest);
  if (WaitingDeliveries::Chain* chain = waiting_.find(name); chain != nullptr) chain->retry_queued = false;
}

Task<bool> Dispatcher::drain(ChainName name, std::int64_t newest) {
  for (;;) {
    const WaitingDeliveries::Chain* chain = waiting_.find(name);
    if (chain == nullptr || chain->waiting.front().sequence > newest) co_return true;
    const SubscriptionPointer subscription = known_.find(name.first);
    if (subscription == nullptr) {
      forget_chain(name);
      co_return true;
    }
    const PendingDelivery head = chain->waiting.front();
    if (now() - head.first_attempt > options_.waiting_time) {
      drop_oldest(name);
      continue;
    }
    auto attempt = co_await send_waiting(subscription, head);
    if (!attempt) co_return false;
    const WaitingDeliveries::Chain* again = waiting_.find(name);
    const bool is_there = again != nullptr && again->waiting.front().sequence == head.sequence;
    if (!is_there) continue;  // the slot went to another node, or the delivery gave way to newer ones
    if (!settle(name, *subscription, *attempt)) co_return false;
  }
}

/// Nothing when the database does not even tell the tenant's name.
Task<std::optional<Dispatcher::Attempt>> Dispatcher::send_waiting(SubscriptionPointer subscription,
                                                                  PendingDelivery delivery) {
  auto tenant = co_await tenants_.name_of(delivery.tenant);
  if (!tenant) co_return std::nullopt;
  const auto event = event_from_text(delivery.event, std::move(*tenant));
  if (!event) co_return Attempt{{false, {}, "the event cannot be read any more", true}, {}};
  auto result = co_await sender_.send(subscription.get(), &*event, delivery.ordinal);
  co_return Attempt{std::move(result), event->recorded};
}

/// Notes what became of the head of a chain; true when it waits no longer.
bool Dispatcher::settle(const ChainName& name, const Subscription& subscription, const Attempt& attempt) {
  PendingDelivery& head = waiting_.find(name)->waiting.front();
  const bool first = head.attempts == 0;
  const auto& [result, recorded] = attempt;
  if (result.delivered) {
    note_success(subscription, result, recorded, first, nullptr);
  } else {
    note_failure(subscription, result.reason, first, nullptr);
  }
  if (result.delivered || result.final) {
    journal_.forget(waiting_.pop(name));
    return true;
  }
  head.last_reason = result.reason;
  // A try that a newer event asked for before its time does not make the distance longer: a burst of events during a
  // short failure would put the next try off for minutes.
  if (first || head.next_attempt <= now()) {
    ++head.attempts;
    head.next_attempt = now() + back_off(head.attempts);
    journal_.keep(head, nullptr);
  }
  return false;
}

void Dispatcher::start_due_retries() {
  if (!loaded_) return;  // every delivery would look like one of a removed subscription
  for (const ChainName& name : waiting_.due(now())) {
    if (const SubscriptionPointer subscription = known_.find(name.first)) {
      start_retry(name, *subscription);
    } else {
      forget_chain(name);
    }
  }
}

Task<Result<>> Dispatcher::slots_changed(std::vector<std::int64_t> slots) {
  std::vector<std::int64_t> gained;
  std::ranges::set_difference(slots, slots_, std::back_inserter(gained));
  waiting_.keep_slots(slots);
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
  for (PendingDelivery& delivery : *loaded) static_cast<void>(waiting_.add(std::move(delivery)));
  co_return Result<>();
}

}  // namespace machi::broker

// The part of the dispatcher that reads the log and begins deliveries.
#include "broker/delivery/dispatcher.h"

#include <boost/asio/redirect_error.hpp>

#include "base/log.h"

namespace machi::broker {
namespace {

/// Whether the database decides if a change is notified.
bool needs_claim(const Subscription& subscription) {
  return subscription.throttling > 0 || subscription.status == SubscriptionStatus::oneshot;
}

/// Deliveries of one subscription about one entity share it.
std::size_t order_of(const Subscription& subscription, std::int64_t entity_key) {
  return std::hash<std::string>()(subscription.id) ^ static_cast<std::size_t>(entity_key);
}

}  // namespace

Dispatcher::Dispatcher(Loop& loop, SubscriptionStore& subscriptions, DeliveryJournal& journal, DeliverySender& sender,
                       TenantDirectory& tenants, Options options, Meters meters)
    : store_(subscriptions),
      journal_(journal),
      sender_(sender),
      tenants_(tenants),
      options_(options),
      meters_(meters),
      scope_(loop),
      timer_(loop),
      rest_(loop),
      known_(subscriptions),
      lanes_(loop) {}

void Dispatcher::start() {
  scope_.spawn("delivery timer", run_timer());
}

Task<> Dispatcher::stop(std::chrono::milliseconds patience) {
  co_await lanes_.wait_until_empty(patience);
  stopping_ = true;
  timer_.cancel();
  rest_.cancel();
  co_await lanes_.stop();
  co_await scope_.join();
  co_await flush();
}

Task<Result<>> Dispatcher::restart() {
  auto all = co_await store_.load_all();
  if (!all) {
    log::error("subscriptions could not be read", {{"reason", all.error().message}});
    co_return fail(all.error());
  }
  known_.load(std::move(*all));
  loaded_ = true;
  co_return Result<>();
}

Task<> Dispatcher::handle(std::vector<core::LogEntry> entries, core::LogHold hold) {
  for (core::LogEntry& entry : entries) {
    if (entry.kind == core::ChangeKind::subscription) known_.apply(entry);
    if (entry.kind != core::ChangeKind::entity || !known_.any_of(TenantId{entry.tenant})) continue;
    auto dispatched = co_await dispatch(std::make_shared<const core::LogEntry>(std::move(entry)), hold);
    if (dispatched) continue;
    unfinished_.push_back(std::move(hold));
    co_return;
  }
}

/// False when the node stops before everything that the entry leads to has begun: the entry must be read again.
Task<bool> Dispatcher::dispatch(std::shared_ptr<const core::LogEntry> entry, core::LogHold hold) {
  if (stopping_) co_return false;
  auto tenant = co_await tenant_name(TenantId{entry->tenant});
  if (!tenant) co_return false;
  auto read = read_change_event(*entry, std::move(*tenant));
  if (!read) {
    log::error("a row of the change log cannot be read",
               {{"sequence", entry->sequence}, {"reason", read.error().message}});
    co_return true;
  }
  auto event = std::make_shared<const ChangeEvent>(std::move(*read));
  const std::vector<SubscriptionPointer> triggered = known_.triggered_by(*event, entry->sequence);
  int ordinal = 1;
  for (const SubscriptionPointer& subscription : triggered) {
    Delivery delivery{subscription, event, entry, ordinal, hold};
    if (!needs_claim(*subscription)) {
      start_delivery(std::move(delivery));
      ++ordinal;
      continue;
    }
    auto claimed = co_await claim(subscription, pending(delivery));
    if (!claimed) co_return false;
    ordinal += *claimed ? 1 : 0;
  }
  co_await lanes_.wait_for_room(options_.queued);
  co_return true;
}

/// Tries until the database answers; nothing when the node stops first.
Task<std::optional<std::string>> Dispatcher::tenant_name(TenantId tenant) {
  for (int failures = 1; !stopping_; ++failures) {
    auto name = co_await tenants_.name_of(tenant);
    if (name) co_return std::move(*name);
    log::warn("the name of a tenant could not be read", {{"reason", name.error().message}});
    co_await rest(failures);
  }
  co_return std::nullopt;
}

/// Lets the database decide whether a one-shot or throttled subscription notifies the change, and begins the delivery
/// if so. Nothing when the node stops before it is decided.
Task<std::optional<bool>> Dispatcher::claim(SubscriptionPointer subscription, PendingDelivery delivery) {
  const SubscriptionName name = name_of(*subscription);
  const bool one_shot = subscription->status == SubscriptionStatus::oneshot;
  const ChainName chain{name, delivery.entity_key};
  for (int failures = 0; !stopping_; ++failures) {
    const Claim asked{one_shot, subscription->throttling, failures > 0};
    auto claimed = co_await journal_.claim(delivery, asked);
    if (!claimed) {
      log::warn("it could not be decided whether a subscription may notify",
                {{"subscription", name.second}, {"reason", claimed.error().message}});
      co_await rest(failures + 1);
      continue;
    }
    if (one_shot) known_.make_inactive(name);
    if (!*claimed) co_return false;
    static_cast<void>(waiting_.add(std::move(delivery)));  // after a crash it has been loaded already
    start_retry(chain, *subscription);
    co_return true;
  }
  co_return std::nullopt;
}

/// A pause after so many failures of the database, shortened by a stop.
Task<> Dispatcher::rest(int failures) {
  constexpr std::chrono::milliseconds kFirst{50};
  constexpr int kDoublings = 5;
  rest_.expires_after(kFirst * (1 << std::min(failures, kDoublings)));
  boost::system::error_code ignored;
  co_await rest_.async_wait(asio::redirect_error(kUseTask, ignored));
}

void Dispatcher::start_delivery(Delivery delivery) {
  const std::string endpoint = endpoint_of(*delivery.subscription);
  if (lanes_.queued_at(endpoint) >= options_.queued_per_endpoint) {
    return wait_in_chain(delivery, false, "too many notifications wait for the receiver");
  }
  const std::size_t order = order_of(*delivery.subscription, delivery.entry->entity_key);
  lanes_.put(endpoint, order, [this, moved = std::move(delivery)]() mutable { return deliver(std::move(moved)); });
}

void Dispatcher::start_retry(const ChainName& name, const Subscription& subscription) {
  WaitingDeliveries::Chain* chain = waiting_.find(name);
  if (chain == nullptr) return;
  chain->retry_queued = true;
  const std::int64_t newest = chain->waiting.back().sequence;  // what comes later may stand behind work of the lane
  lanes_.put(endpoint_of(subscription), order_of(subscription, name.second),
             [this, name, newest] { return retry(name, newest); });
}

Task<> Dispatcher::deliver(Delivery delivery) {
  const Subscription& subscription = *delivery.subscription;
  const ChainName chain{name_of(subscription), delivery.entry->entity_key};
  if (known_.find(chain.first) == nullptr) co_return;  // removed meanwhile
  // What is older goes first, or both wait.
  auto drained = co_await drain(chain, delivery.entry->sequence);
  if (!drained) {
    const WaitingDeliveries::Chain* behind = waiting_.find(chain);
    const std::string reason =
        behind == nullptr ? "an earlier notification waits" : behind->waiting.front().last_reason;
    note_failure(subscription, reason, true, delivery.hold);
    wait_in_chain(delivery, true, reason);
    co_return;
  }
  auto result = co_await sender_.send(&subscription, delivery.event.get(), delivery.ordinal);
  if (result.delivered) {
    note_success(subscription, result, delivery.event->recorded, true, delivery.hold);
    co_return;
  }
  note_failure(subscription, result.reason, true, delivery.hold);
  if (!result.final) wait_in_chain(delivery, true, result.reason);
}

void Dispatcher::note_success(const Subscription& subscription, const DeliveryResult& result, Timestamp recorded,
                              bool first, core::LogHold hold) {
  known_.forget_failures(name_of(subscription));
  meters_.sent->add();
  const Timestamp present = now();
  meters_.delay->observe((present - recorded).count());
  journal_.sent(subscription.tenant, subscription.id, present, result.status, first, std::move(hold));
}

void Dispatcher::note_failure(const Subscription& subscription, const std::string& reason, bool first,
                              core::LogHold hold) {
  meters_.failed->add();
  journal_.failed(subscription.tenant, subscription.id, now(), reason, first, std::move(hold));
  log::debug("notification failed", {{"subscription", subscription.id}, {"reason", reason}});
  if (!first) return;
  const SubscriptionName name = name_of(subscription);
  judge_failures(name, known_.add_failure(name));
}

void Dispatcher::judge_failures(const SubscriptionName& name, std::int64_t failures) {
  const SubscriptionPointer present = known_.find(name);
  if (present == nullptr || present->status == SubscriptionStatus::inactive) return;
  const auto& limit = present->notification.max_fails_limit;
  if (!limit || failures <= *limit) return;
  known_.make_inactive(name);
  log::warn("subscription made inactive after too many failures",
            {{"subscription", present->id}, {"failures", failures}});
  scope_.spawn("deactivate subscription", deactivate(present->tenant, present->id));
}

Task<> Dispatcher::deactivate(TenantId tenant, std::string id) {
  const auto stop = [](Subscription& s) -> Result<> {
    s.status = SubscriptionStatus::inactive;
    return {};
  };
  auto done = co_await store_.update(tenant, id, stop, Actor{"machi", ""});
  if (!done)
    log::warn("a failing subscription could not be made inactive",
              {{"subscription", id}, {"reason", done.error().message}});
}

Task<> Dispatcher::run_timer() {
  constexpr std::size_t kFew = 8;
  std::size_t flushed = 0;
  while (!stopping_) {
    // One commit a delivery is fine for a few; many share one.
    timer_.expires_after(flushed > kFew ? options_.busy_flush : options_.flush);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(kUseTask, ignored));
    if (stopping_) break;
    flushed = journal_.size();
    co_await flush();
    start_due_retries();
  }
}

Task<> Dispatcher::flush() {
  if (journal_.is_empty()) co_return;
  auto counts = co_await journal_.flush();
  for (const FailureCount& count : counts) {
    const SubscriptionName name{count.tenant.value, count.id};
    if (known_.raise_failures(name, count.fails_counter)) judge_failures(name, count.fails_counter);
  }
}

}  // namespace machi::broker

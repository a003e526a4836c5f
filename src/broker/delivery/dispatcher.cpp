#include "broker/delivery/dispatcher.h"

#include <boost/asio/redirect_error.hpp>

#include "base/log.h"
#include "broker/delivery/log_event.h"

namespace machi::broker {

Dispatcher::Dispatcher(Loop& loop, SubscriptionStore& subscriptions, DeliveryJournal& journal, DeliverySender& sender,
                       TenantDirectory& tenants, Options options, Meters meters)
    : loop_(loop),
      store_(subscriptions),
      journal_(journal),
      sender_(sender),
      tenants_(tenants),
      options_(options),
      meters_(meters),
      scope_(loop),
      timer_(loop) {}

void Dispatcher::start() {
  scope_.spawn("delivery timer", run_timer());
}

Task<> Dispatcher::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  LoopTimer tick(loop_);
  while (queued_ > 0 && std::chrono::steady_clock::now() < deadline) {
    tick.expires_after(std::chrono::milliseconds(10));
    boost::system::error_code ignored;
    co_await tick.async_wait(asio::redirect_error(kUseTask, ignored));
  }
  stopping_ = true;
  for (auto& [name, endpoint] : endpoints_) {
    for (Lane& lane : endpoint.lanes) lane.work.clear();
  }
  timer_.cancel();
  auto blocked = std::exchange(blocked_, {});
  for (auto& resume : blocked) resume(0);
  co_await scope_.join();
  co_await flush();
}

Task<Result<>> Dispatcher::load_subscriptions() {
  auto all = co_await store_.load_all();
  if (!all) co_return fail(all.error());
  subscriptions_.clear();
  std::vector<TenantId> tenants;
  for (StoredSubscription& stored : *all) {
    tenants.push_back(stored.subscription.tenant);
    const SubscriptionName name{stored.subscription.tenant.value, stored.subscription.id};
    consecutive_failures_[name] = stored.subscription.deliveries.fails_counter;
    auto subscription = std::make_shared<const Subscription>(std::move(stored.subscription));
    subscriptions_[name] = {std::move(subscription), stored.created_sequence, stored.revision};
  }
  std::ranges::sort(tenants);
  tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
  for (const TenantId tenant : tenants) rebuild(tenant);
  co_return Result<>();
}

Task<Result<>> Dispatcher::restart() {
  auto loaded = co_await load_subscriptions();
  if (!loaded) log::error("subscriptions could not be read", {{"reason", loaded.error().message}});
  loaded_ = loaded_ || loaded.has_value();
  co_return loaded;
}

SubscriptionPointer Dispatcher::known(const SubscriptionName& name) const {
  const auto it = subscriptions_.find(name);
  return it == subscriptions_.end() ? nullptr : it->second.subscription;
}

void Dispatcher::rebuild(TenantId tenant) {
  std::vector<SubscriptionPointer> pointers;
  for (auto it = subscriptions_.lower_bound({tenant.value, ""});
       it != subscriptions_.end() && it->first.first == tenant.value; ++it) {
    pointers.push_back(it->second.subscription);
  }
  index_.set(tenant, std::move(pointers));
}

void Dispatcher::outdate(TenantId tenant) {
  if (std::ranges::find(outdated_, tenant) == outdated_.end()) outdated_.push_back(tenant);
}

void Dispatcher::make_inactive(const SubscriptionName& name) {
  const auto it = subscriptions_.find(name);
  if (it == subscriptions_.end()) return;
  auto inactive = std::make_shared<Subscription>(*it->second.subscription);
  inactive->status = SubscriptionStatus::inactive;
  it->second.subscription = std::move(inactive);
  outdate(TenantId{name.first});
}

void Dispatcher::apply_subscription(const core::LogEntry& entry) {
  const TenantId tenant{entry.tenant};
  const SubscriptionName name{entry.tenant, std::string(entry.id)};
  if (entry.document.empty()) {
    subscriptions_.erase(name);
    consecutive_failures_.erase(name);
  } else {
    auto stored = from_announcement(entry.document);
    if (!stored) {
      log::error("an announced subscription cannot be read",
                 {{"subscription", entry.id}, {"reason", stored.error().message}});
      return;
    }
    const auto present = subscriptions_.find(name);
    if (present != subscriptions_.end() && present->second.revision >= stored->revision) return;
    stored->subscription.tenant = tenant;
    const std::int64_t created = present == subscriptions_.end() ? entry.sequence : present->second.created_sequence;
    consecutive_failures_[name] = stored->subscription.deliveries.fails_counter;
    auto subscription = std::make_shared<const Subscription>(std::move(stored->subscription));
    subscriptions_[name] = {std::move(subscription), created, stored->revision};
  }
  outdate(tenant);
}

Task<> Dispatcher::handle(std::vector<core::LogEntry> entries, core::LogHold hold) {
  for (core::LogEntry& entry : entries) {
    if (stopping_) co_return;
    if (entry.kind == core::ChangeKind::subscription) {
      apply_subscription(entry);
      continue;
    }
    if (entry.kind != core::ChangeKind::entity) continue;
    for (const TenantId tenant : std::exchange(outdated_, {})) rebuild(tenant);
    const TenantSubscriptions* concerned = index_.find(TenantId{entry.tenant});
    if (concerned == nullptr || concerned->size() == 0) continue;
    co_await dispatch(std::make_shared<const core::LogEntry>(std::move(entry)), hold);
  }
}

Task<> Dispatcher::dispatch(std::shared_ptr<const core::LogEntry> entry, core::LogHold hold) {
  auto tenant_name = co_await tenants_.name_of(TenantId{entry->tenant});
  if (!tenant_name) co_return;
  auto event = read_change_event(*entry, std::move(*tenant_name));
  if (!event) {
    log::error("a row of the change log cannot be read",
               {{"sequence", entry->sequence}, {"reason", event.error().message}});
    co_return;
  }
  auto shared = std::make_shared<const ChangeEvent>(std::move(*event));
  int ordinal = 0;
  for (const SubscriptionPointer& subscription : index_.triggered_by(*shared)) {
    const SubscriptionName name{subscription->tenant.value, subscription->id};
    const auto stored = subscriptions_.find(name);
    if (stored == subscriptions_.end() || stored->second.created_sequence > entry->sequence) continue;
    auto allowed = co_await may_notify(subscription, entry->recorded);
    if (!allowed) continue;
    Delivery delivery{subscription, shared, entry, ++ordinal, hold};
    put_into_lane(name, endpoint_of(*subscription), entry->entity_key, std::move(delivery));
  }
  while (queued_ > options_.queued && !stopping_) {
    auto wait = [this](Resume<int> resume) { blocked_.push_back(std::move(resume)); };
    co_await suspend<int>(std::move(wait));
  }
}

Task<bool> Dispatcher::may_notify(SubscriptionPointer subscription, Timestamp at) {
  const SubscriptionName name{subscription->tenant.value, subscription->id};
  if (subscription->throttling > 0) {
    auto claimed = co_await store_.claim_window(subscription->tenant, subscription->id, at, subscription->throttling);
    if (!claimed || !*claimed) co_return false;
  }
  if (subscription->status != SubscriptionStatus::oneshot) co_return true;
  auto fired = co_await store_.fire_once(subscription->tenant, subscription->id);
  if (fired) {
    make_inactive(name);
    rebuild(subscription->tenant);
  }
  co_return fired && *fired;
}

void Dispatcher::put_into_lane(const SubscriptionName& subscription, const std::string& endpoint,
                               std::int64_t entity_key, Work work) {
  Endpoint& target = endpoints_[endpoint];
  const auto* delivery = std::get_if<Delivery>(&work);
  if (delivery != nullptr && target.queued >= options_.queued_per_endpoint) {
    wait_in_chain(*delivery, false, "too many notifications wait for the receiver");
    return;
  }
  const std::size_t number =
      (std::hash<std::string>()(subscription.second) ^ static_cast<std::size_t>(entity_key)) % target.lanes.size();
  Lane& lane = target.lanes[number];
  lane.work.push_back(std::move(work));
  ++target.queued;
  queued_count_.store(++queued_, std::memory_order_relaxed);
  if (lane.running) return;
  lane.running = true;
  scope_.spawn("delivery lane", run_lane(endpoint, number));
}

Task<> Dispatcher::run_lane(std::string endpoint, std::size_t number) {
  Endpoint& target = endpoints_[endpoint];  // never erased while a lane runs
  Lane& lane = target.lanes[number];
  while (!lane.work.empty()) {
    Work work = std::move(lane.work.front());
    lane.work.pop_front();
    if (auto* delivery = std::get_if<Delivery>(&work)) {
      co_await deliver(std::move(*delivery));
    } else {
      const auto [chain, newest] = std::get<Retry>(work);
      auto drained = co_await drain(chain, newest);
      const auto it = chains_.find(chain);
      if (it != chains_.end()) it->second.retry_queued = false;
      static_cast<void>(drained);
    }
    --target.queued;
    queued_count_.store(--queued_, std::memory_order_relaxed);
    if (queued_ <= options_.queued && !blocked_.empty()) {
      auto blocked = std::exchange(blocked_, {});
      for (auto& resume : blocked) resume(0);
    }
  }
  lane.running = false;
}

Task<> Dispatcher::deliver(Delivery delivery) {
  const Subscription& subscription = *delivery.subscription;
  const SubscriptionName name{subscription.tenant.value, subscription.id};
  const auto present = subscriptions_.find(name);
  if (present == subscriptions_.end()) co_return;  // removed meanwhile
  const ChainName chain{name, delivery.entry->entity_key};
  if (chains_.contains(chain)) {
    // Something older waits for the same receiver about the same entity: it goes first, or both wait.
    auto drained = co_await drain(chain, delivery.entry->sequence);
    if (!drained) {
      const auto behind = chains_.find(chain);
      const std::string reason =
          behind == chains_.end() ? "an earlier notification waits" : behind->second.waiting.front().last_reason;
      note_failure(subscription, reason, true, delivery.hold);
      wait_in_chain(delivery, true, reason);
      co_return;
    }
  }
  auto result = co_await sender_.send(&subscription, delivery.event.get(), delivery.ordinal);
  if (result.delivered) {
    note_success(subscription, result, delivery.event->recorded, true, delivery.hold);
    co_return;
  }
  note_failure(subscription, result.reason, true, delivery.hold);
  if (result.final) co_return;
  wait_in_chain(delivery, true, result.reason);
}

void Dispatcher::note_success(const Subscription& subscription, const DeliveryResult& result, Timestamp recorded,
                              bool first, core::LogHold hold) {
  consecutive_failures_[{subscription.tenant.value, subscription.id}] = 0;
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
  const SubscriptionName name{subscription.tenant.value, subscription.id};
  judge_failures(name, ++consecutive_failures_[name]);
}

void Dispatcher::judge_failures(const SubscriptionName& name, std::int64_t failures) {
  const SubscriptionPointer present = known(name);
  if (present == nullptr || present->status == SubscriptionStatus::inactive) return;
  const auto& limit = present->notification.max_fails_limit;
  if (!limit || failures <= *limit) return;
  make_inactive(name);
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
    queue_due_retries();
  }
}

Task<> Dispatcher::flush() {
  if (journal_.is_empty()) co_return;
  auto counts = co_await journal_.flush();
  for (const FailureCount& count : counts) {
    const auto it = consecutive_failures_.find({count.tenant.value, count.id});
    if (it == consecutive_failures_.end() || it->second >= count.fails_counter) continue;
    it->second = count.fails_counter;  // other nodes failed too
    judge_failures(it->first, count.fails_counter);
  }
}

}  // namespace machi::broker

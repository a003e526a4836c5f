#include "broker/delivery/known_subscriptions.h"

#include <algorithm>

#include "base/log.h"

namespace machi::broker {

void KnownSubscriptions::load(std::vector<StoredSubscription> all) {
  for (const auto& [name, unused] : known_) outdate(TenantId{name.first});
  known_.clear();
  for (StoredSubscription& stored : all) {
    const SubscriptionName name = name_of(stored.subscription);
    const std::int64_t failures = stored.subscription.deliveries.fails_counter;
    auto subscription = std::make_shared<const Subscription>(std::move(stored.subscription));
    known_[name] = {std::move(subscription), stored.created_sequence, stored.revision, failures};
    outdate(TenantId{name.first});
  }
}

void KnownSubscriptions::apply(const core::LogEntry& entry) {
  const TenantId tenant{entry.tenant};
  const SubscriptionName name{entry.tenant, std::string(entry.id)};
  if (entry.document.empty()) {
    known_.erase(name);
    return outdate(tenant);
  }
  auto stored = store_.from_announcement(entry.document);
  if (!stored) {
    log::error("an announced subscription cannot be read",
               {{"subscription", entry.id}, {"reason", stored.error().message}});
    return;
  }
  const auto present = known_.find(name);
  if (present != known_.end() && present->second.revision >= stored->revision) return;
  stored->subscription.tenant = tenant;
  const std::int64_t created = present == known_.end() ? entry.sequence : present->second.created_sequence;
  const std::int64_t failures = stored->subscription.deliveries.fails_counter;
  auto subscription = std::make_shared<const Subscription>(std::move(stored->subscription));
  known_[name] = {std::move(subscription), created, stored->revision, failures};
  outdate(tenant);
}

void KnownSubscriptions::make_inactive(const SubscriptionName& name) {
  const auto it = known_.find(name);
  if (it == known_.end()) return;
  auto inactive = std::make_shared<Subscription>(*it->second.subscription);
  inactive->status = SubscriptionStatus::inactive;
  it->second.subscription = std::move(inactive);
  outdate(TenantId{name.first});
}

SubscriptionPointer KnownSubscriptions::find(const SubscriptionName& name) const {
  const auto it = known_.find(name);
  return it == known_.end() ? nullptr : it->second.subscription;
}

bool KnownSubscriptions::any_of(TenantId tenant) const {
  const auto first = known_.lower_bound({tenant.value, ""});
  return first != known_.end() && first->first.first == tenant.value;
}

std::vector<SubscriptionPointer> KnownSubscriptions::triggered_by(const ChangeEvent& event, std::int64_t sequence) {
  for (const TenantId tenant : std::exchange(outdated_, {})) rebuild(tenant);
  std::vector<SubscriptionPointer> triggered = index_.triggered_by(event);
  std::erase_if(triggered, [&](const SubscriptionPointer& subscription) {
    const auto it = known_.find(name_of(*subscription));
    return it == known_.end() || it->second.created_sequence > sequence;
  });
  return triggered;
}

std::int64_t KnownSubscriptions::add_failure(const SubscriptionName& name) {
  const auto it = known_.find(name);
  return it == known_.end() ? 0 : ++it->second.failures;
}

void KnownSubscriptions::forget_failures(const SubscriptionName& name) {
  if (const auto it = known_.find(name); it != known_.end()) it->second.failures = 0;
}

bool KnownSubscriptions::raise_failures(const SubscriptionName& name, std::int64_t failures) {
  const auto it = known_.find(name);
  if (it == known_.end() || it->second.failures >= failures) return false;
  it->second.failures = failures;
  return true;
}

void KnownSubscriptions::outdate(TenantId tenant) {
  if (std::ranges::find(outdated_, tenant) == outdated_.end()) outdated_.push_back(tenant);
}

void KnownSubscriptions::rebuild(TenantId tenant) {
  std::vector<SubscriptionPointer> pointers;
  for (auto it = known_.lower_bound({tenant.value, ""}); it != known_.end() && it->first.first == tenant.value; ++it) {
    pointers.push_back(it->second.subscription);
  }
  index_.set(tenant, std::move(pointers));
}

}  // namespace machi::broker

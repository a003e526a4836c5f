#include "broker/subscription/subscription_index.h"

#include <algorithm>

namespace machi::broker {
namespace {

bool waits_for(const SubscriptionCondition& condition, std::initializer_list<Alteration> any_of) {
  return std::ranges::any_of(condition.alteration_types,
                             [&](Alteration wanted) { return std::ranges::find(any_of, wanted) != any_of.end(); });
}

}  // namespace

TenantSubscriptions::TenantSubscriptions(std::vector<SubscriptionPointer> subscriptions) {
  std::ranges::sort(subscriptions, {}, [](const SubscriptionPointer& s) -> const std::string& { return s->id; });
  entries_.reserve(subscriptions.size());
  for (auto& subscription : subscriptions) {
    auto place = place_matcher(*subscription);
    entries_.push_back({std::move(subscription), std::move(place)});
    add(static_cast<Position>(entries_.size() - 1));
  }
}

void TenantSubscriptions::add(Position position) {
  const Subscription& subscription = *entries_[position].subscription;
  for (const auto& entity : subscription.entities) {
    if (!entity.id.empty()) {
      add_to(by_id_[entity.id], position, subscription.condition);
    } else if (!entity.type.empty()) {
      add_to(by_type_[entity.type], position, subscription.condition);
    } else {
      add_to(by_pattern_, position, subscription.condition);
    }
  }
}

void TenantSubscriptions::add_to(Bucket& bucket, Position position, const SubscriptionCondition& condition) {
  if (waits_for(condition, {kEntityDelete})) bucket.removals.push_back(position);
  if (!condition.alteration_types.empty() && !waits_for(condition, {kEntityCreate, kEntityChange, kEntityUpdate}))
    return;
  if (condition.attributes.empty()) bucket.any_attribute.push_back(position);
  for (const auto& attribute : condition.attributes) bucket.by_attribute[attribute].push_back(position);
}

void TenantSubscriptions::collect(const Bucket& bucket, const ChangeEvent& event, std::vector<Position>& out) {
  const auto append = [&](const std::vector<Position>& positions) {
    out.insert(out.end(), positions.begin(), positions.end());
  };
  if ((event.alterations & kEntityDelete) != 0) return append(bucket.removals);
  append(bucket.any_attribute);
  if (bucket.by_attribute.empty()) return;
  for (const auto& altered : event.altered) {
    if (const auto it = bucket.by_attribute.find(altered.name); it != bucket.by_attribute.end()) append(it->second);
  }
}

std::vector<TenantSubscriptions::Position> TenantSubscriptions::candidates(const ChangeEvent& event) const {
  std::vector<Position> out;
  if (const auto it = by_id_.find(event.entity.id); it != by_id_.end()) collect(it->second, event, out);
  if (const auto it = by_type_.find(event.entity.type); it != by_type_.end()) collect(it->second, event, out);
  collect(by_pattern_, event, out);
  std::ranges::sort(out);
  const auto rest = std::ranges::unique(out);
  out.erase(rest.begin(), rest.end());
  return out;
}

std::vector<SubscriptionPointer> TenantSubscriptions::triggered_by(const ChangeEvent& event) const {
  std::vector<SubscriptionPointer> out;
  if (event.closes_a_loop()) return out;
  for (const Position position : candidates(event)) {
    const Entry& entry = entries_[position];
    if (matches(*entry.subscription, event, entry.place ? &*entry.place : nullptr)) out.push_back(entry.subscription);
  }
  return out;
}

void SubscriptionIndex::set(TenantId tenant, std::vector<SubscriptionPointer> subscriptions) {
  tenants_.erase(tenant.value);
  if (!subscriptions.empty()) tenants_.emplace(tenant.value, TenantSubscriptions(std::move(subscriptions)));
}

std::vector<SubscriptionPointer> SubscriptionIndex::triggered_by(const ChangeEvent& event) const {
  const TenantSubscriptions* const tenant = find(event.entity.tenant);
  return tenant == nullptr ? std::vector<SubscriptionPointer>{} : tenant->triggered_by(event);
}

const TenantSubscriptions* SubscriptionIndex::find(TenantId tenant) const {
  const auto it = tenants_.find(tenant.value);
  return it == tenants_.end() ? nullptr : &it->second;
}

}  // namespace machi::broker

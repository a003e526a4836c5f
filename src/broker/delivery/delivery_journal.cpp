#include "broker/delivery/delivery_journal.h"

#include "base/log.h"

namespace machi::broker {
namespace {

const db::Statement kKeep{"pending_delivery_keep", R"(
  insert into machi.pending_delivery (tenant, subscription, sequence, slot, entity_key, version, event, attempts, first_attempt, next_attempt)
  select p.* from unnest($1::int[], $2::text[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[], $8::int[],
    $9::timestamptz[], $10::timestamptz[]) as p
  on conflict (tenant, subscription, sequence) do update set attempts = excluded.attempts, next_attempt = excluded.next_attempt)"};
const db::Statement kForget{"pending_delivery_forget", R"(
  delete from machi.pending_delivery d using unnest($1::int[], $2::text[], $3::bigint[]) as p(tenant, subscription, sequence)
  where d.tenant = p.tenant and d.subscription = p.subscription and d.sequence = p.sequence)"};
// The parts of a statement do not see what the others write: `present` is what an earlier try left.
const db::Statement kClaim{"pending_delivery_claim", R"(
  with claimed as (
    update machi.subscription
    set status = case when $10::boolean then 'inactive' else status end, revision = revision + $10::boolean::int,
      last_notification = case when $11::float8 > 0 then $12::timestamptz else last_notification end
    where tenant = $1::int and id = $2::text and (not $10::boolean or status = 'oneshot')
      and ($11::float8 <= 0 or last_notification is null or last_notification + make_interval(secs => $11::float8) <= $12::timestamptz)
    returning 1),
  kept as (
    insert into machi.pending_delivery (tenant, subscription, sequence, slot, entity_key, version, event, attempts, first_attempt, next_attempt)
    select $1::int, $2::text, $3::bigint, $4::smallint, $5::bigint, $6::bigint, $7::text, 0, $8::timestamptz, $9::timestamptz from claimed
    on conflict do nothing returning 1),
  present as (
    select 1 from machi.pending_delivery
    where $13::boolean and tenant = $1::int and subscription = $2::text and sequence = $3::bigint)
  select exists (select from kept) or exists (select from present))"};
const db::Statement kLoad{"pending_delivery_load", R"(
  select tenant, subscription, sequence, slot, entity_key, version, event, attempts,
    (extract(epoch from first_attempt) * 1000000)::bigint, (extract(epoch from next_attempt) * 1000000)::bigint
  from machi.pending_delivery where slot = any($1::smallint[]) order by sequence)"};

}  // namespace

DeliveryUpdate& DeliveryJournal::update_of(TenantId tenant, const std::string& subscription) {
  DeliveryUpdate& u = updates_[{tenant, subscription}];
  u.tenant = tenant;
  u.id = subscription;
  return u;
}

void DeliveryJournal::sent(TenantId tenant, const std::string& subscription, Timestamp at, std::optional<int> status,
                           bool first, core::LogHold hold) {
  DeliveryUpdate& u = update_of(tenant, subscription);
  if (first) {
    ++u.sent;
    u.last_notification = at;
  }
  u.last_success = at;
  if (status) u.last_success_code = status;
  u.succeeded = true;
  u.failures = 0;
  holds_.push_back(std::move(hold));
}

void DeliveryJournal::failed(TenantId tenant, const std::string& subscription, Timestamp at, const std::string& reason,
                             bool first, core::LogHold hold) {
  DeliveryUpdate& u = update_of(tenant, subscription);
  if (first) {
    ++u.sent;
    ++u.failures;
    u.last_notification = at;
  }
  u.last_failure = at;
  u.last_failure_reason = reason;
  holds_.push_back(std::move(hold));
}

void DeliveryJournal::dropped(TenantId tenant, const std::string& subscription, std::int64_t count) {
  update_of(tenant, subscription).dropped += count;
}

Task<Result<bool>> DeliveryJournal::claim(PendingDelivery delivery, Claim claim) {
  std::vector<db::Call> calls(1);
  calls[0].statement = &kClaim;
  db::Parameters& p = calls[0].parameters;
  p.add(static_cast<int>(delivery.tenant.value)).add(delivery.subscription).add(delivery.sequence).add(delivery.slot);
  p.add(delivery.entity_key).add(delivery.version).add(delivery.event);
  p.add(delivery.first_attempt).add(delivery.next_attempt);
  p.add(claim.one_shot).add(claim.throttling).add(delivery.recorded).add(claim.repeated);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  co_return (*done)[0].boolean(0, 0);
}

void DeliveryJournal::keep(const PendingDelivery& delivery, core::LogHold hold) {
  const Place place{{delivery.tenant, delivery.subscription}, delivery.sequence};
  forgotten_.erase(place);
  kept_[place] = delivery;
  holds_.push_back(std::move(hold));
}

void DeliveryJournal::forget(const PendingDelivery& delivery) {
  const Place place{{delivery.tenant, delivery.subscription}, delivery.sequence};
  kept_.erase(place);
  forgotten_[place] = true;
}

Task<Result<>> DeliveryJournal::write_pending(std::vector<PendingDelivery> kept, std::vector<Place> forgotten) {
  std::vector<std::int64_t> tenants, sequences, slots, keys, versions, attempts;
  std::vector<std::string_view> subscriptions, events;
  std::vector<Timestamp> first, next;
  for (const PendingDelivery& d : kept) {
    tenants.push_back(d.tenant.value);
    subscriptions.push_back(d.subscription);
    sequences.push_back(d.sequence);
    slots.push_back(d.slot);
    keys.push_back(d.entity_key);
    versions.push_back(d.version);
    events.push_back(d.event);
    attempts.push_back(d.attempts);
    first.push_back(d.first_attempt);
    next.push_back(d.next_attempt);
  }
  std::vector<std::int64_t> gone_tenants, gone_sequences;
  std::vector<std::string_view> gone_subscriptions;
  for (const auto& [name, sequence] : forgotten) {
    gone_tenants.push_back(name.first.value);
    gone_subscriptions.push_back(name.second);
    gone_sequences.push_back(sequence);
  }
  std::vector<db::Call> calls(2);
  calls[0].statement = &kKeep;
  db::Parameters& p = calls[0].parameters;
  p.add_array(tenants)
      .add_array(subscriptions)
      .add_array(sequences)
      .add_array(slots)
      .add_array(keys)
      .add_array(versions)
      .add_array(events);
  p.add_array(attempts).add_array(first).add_array(next);
  calls[1].statement = &kForget;
  calls[1].parameters.add_array(gone_tenants).add_array(gone_subscriptions).add_array(gone_sequences);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

/// Counts that could not be written down go with the next ones.
void DeliveryJournal::take_back(std::map<Name, DeliveryUpdate> updates) {
  for (auto& [name, update] : updates) {
    auto [newer, fresh] = updates_.try_emplace(name, update);
    if (fresh) continue;
    newer->second.sent += update.sent;
    newer->second.dropped += update.dropped;
    if (!newer->second.succeeded) newer->second.failures += update.failures;
    newer->second.succeeded = newer->second.succeeded || update.succeeded;
  }
}

Task<std::vector<FailureCount>> DeliveryJournal::flush() {
  auto updates = std::exchange(updates_, {});
  auto kept = std::exchange(kept_, {});
  auto forgotten = std::exchange(forgotten_, {});
  auto holds = std::exchange(holds_, {});
  std::vector<FailureCount> counts;
  if (!kept.empty() || !forgotten.empty()) {
    std::vector<PendingDelivery> rows;
    std::vector<Place> places;
    for (const auto& [place, delivery] : kept) rows.push_back(delivery);
    for (const auto& [place, unused] : forgotten) places.push_back(place);
    auto written = co_await write_pending(std::move(rows), std::move(places));
    if (!written) {
      log::warn("waiting deliveries could not be written down", {{"reason", written.error().message}});
      // What was asked for meanwhile is newer.
      std::erase_if(kept, [this](const auto& item) { return forgotten_.contains(item.first); });
      std::erase_if(forgotten, [this](const auto& item) { return kept_.contains(item.first); });
      kept_.merge(kept);
      forgotten_.merge(forgotten);
      take_back(std::move(updates));
      holds_.insert(holds_.end(), holds.begin(), holds.end());
      co_return counts;
    }
  }
  if (updates.empty()) co_return counts;
  std::vector<DeliveryUpdate> rows;
  for (const auto& [name, update] : updates) rows.push_back(update);
  auto recorded = co_await subscriptions_.record(std::move(rows));
  if (recorded) co_return std::move(*recorded);
  log::warn("counters of subscriptions could not be written down", {{"reason", recorded.error().message}});
  take_back(std::move(updates));
  co_return counts;
}

Task<Result<std::vector<PendingDelivery>>> DeliveryJournal::load(std::vector<std::int64_t> slots) {
  db::Parameters parameters;
  parameters.add_array(slots);
  auto rows = co_await database_.read(kLoad, std::move(parameters));
  if (!rows) co_return fail(rows.error());
  std::vector<PendingDelivery> loaded;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    PendingDelivery d;
    d.tenant = TenantId{static_cast<std::int32_t>(rows->integer(row, 0))};
    d.subscription = rows->text(row, 1);
    d.sequence = rows->integer(row, 2);
    d.slot = static_cast<int>(rows->integer(row, 3));
    d.entity_key = rows->integer(row, 4);
    d.version = rows->integer(row, 5);
    d.event = rows->text(row, 6);
    d.attempts = static_cast<int>(rows->integer(row, 7));
    d.first_attempt = rows->timestamp(row, 8);
    d.next_attempt = rows->timestamp(row, 9);
    loaded.push_back(std::move(d));
  }
  co_return loaded;
}

}  // namespace machi::broker

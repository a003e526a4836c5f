#include "broker/upkeep.h"

#include <fmt/format.h>

#include <algorithm>

namespace machi::broker {
namespace {

// An expiry is no request: it notifies nobody, but the log tells of it (alterations 0) to whoever keeps copies.
const db::Statement kExpire{"upkeep_expire", R"(
  with due as (
    select tenant, entity_key from machi.entity where expires <= now() order by expires limit 1000 for update skip locked),
  shapes as (delete from machi.entity_geometry g using due where g.tenant = due.tenant and g.entity_key = due.entity_key),
  gone as (
    delete from machi.entity e using due where e.tenant = due.tenant and e.entity_key = due.entity_key returning e.*),
  remembered as (
    insert into machi.removed_entity (tenant, entity_key, id, type, service_path, removed)
    select tenant, entity_key, id, type, service_path, now() from gone),
  logged as (
    insert into machi.change_log (recorded, kind, slot, tenant, entity_key, version, alterations, id, type, service_path, correlator, principal, document,
      detail)
    select now(), 1, slot, tenant, entity_key, version + 1, 0, id, type, service_path, '', 'expiry', document, '{"kinds":{}}' from gone)
  select count(*) from gone)"};

const db::Statement kDropHistory{"upkeep_history_months", "select machi.drop_history($1::float8)"};
// The next entities whose history is not kept for ever, in the order of their keys.
constexpr std::string_view kLimitedEntities = R"(
  select tenant, entity_key, seconds from machi.history_kept($1::float8)
  where seconds is not null and (tenant, entity_key) > ($2::int, $3::bigint) order by tenant, entity_key limit 256)";
// The shortest of their times lets the planner leave out younger months.
const db::Statement kExpireHistory{"upkeep_history", R"(
  with kept as (select * from unnest($1::int[], $2::bigint[], $3::float8[]) as k(tenant, entity_key, seconds)),
  old as (
    select h.ctid, h.tableoid from kept k join machi.history h on h.tenant = k.tenant and h.entity_key = k.entity_key
    where h.recorded < now() - make_interval(secs => k.seconds) and h.recorded < now() - make_interval(secs => $4::float8) limit 5000),
  gone as (delete from machi.history h using old where h.ctid = old.ctid and h.tableoid = old.tableoid returning 1)
  select count(*) from gone)"};
// Without history the name of a removed entity serves nothing. A day's grace: its last rows may be young.
const db::Statement kForgetRemoved{"upkeep_forget_removed", R"(
  delete from machi.removed_entity r using unnest($1::int[], $2::bigint[]) as k(tenant, entity_key)
  where r.tenant = k.tenant and r.entity_key = k.entity_key and r.removed < now() - interval '1 day'
    and not exists (select 1 from machi.history h where h.tenant = r.tenant and h.entity_key = r.entity_key))"};

constexpr std::int64_t kHistoryStep = 5000;

/// Repeats a bounded step until it finds nothing more, so that no transaction is long.
Task<Result<std::string>> repeat(db::Database* database, const db::Statement* step, std::string what) {
  std::int64_t total = 0;
  for (;;) {
    std::vector<db::Call> calls(1);
    calls[0].statement = step;
    auto done = co_await database->transact(std::move(calls));
    if (!done) co_return fail(done.error());
    const std::int64_t count = (*done)[0].integer(0, 0);
    total += count;
    if (count == 0) break;
  }
  co_return total > 0 ? std::to_string(total) + what : std::string();
}

/// Entities whose history is limited, with their times.
struct LimitedEntities {
  std::vector<std::int64_t> tenants, keys;
  std::vector<std::optional<double>> seconds;
  double shortest = 0;
};

Task<Result<LimitedEntities>> next_limited(db::Database* database, double default_seconds, std::int64_t tenant,
                                           std::int64_t key) {
  db::Parameters p;
  p.add(default_seconds).add(tenant).add(key);
  auto rows = co_await database->slow(std::string(kLimitedEntities), std::move(p));
  if (!rows) co_return fail(rows.error());
  LimitedEntities limited;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    limited.tenants.push_back(rows->integer(row, 0));
    limited.keys.push_back(rows->integer(row, 1));
    const double seconds = rows->number(row, 2);
    limited.shortest = row == 0 ? seconds : std::min(limited.shortest, seconds);
    limited.seconds.emplace_back(seconds);
  }
  co_return limited;
}

/// Deletes what is too old of these entities, in bounded transactions.
Task<Result<std::int64_t>> expire_history(db::Database* database, LimitedEntities limited) {
  std::int64_t total = 0;
  for (std::int64_t count = kHistoryStep; count == kHistoryStep; total += count) {
    std::vector<db::Call> calls(1);
    calls[0].statement = &kExpireHistory;
    calls[0].parameters.add_array(limited.tenants).add_array(limited.keys);
    calls[0].parameters.add_array(limited.seconds).add(limited.shortest);
    auto done = co_await database->transact(std::move(calls));
    if (!done) co_return fail(done.error());
    count = (*done)[0].integer(0, 0);
  }
  std::vector<db::Call> calls(1);
  calls[0].statement = &kForgetRemoved;
  calls[0].parameters.add_array(limited.tenants).add_array(limited.keys);
  auto forgotten = co_await database->transact(std::move(calls));
  if (!forgotten) co_return fail(forgotten.error());
  co_return total;
}

Task<Result<std::string>> keep_retention(db::Database* database, double default_seconds) {
  std::vector<db::Call> calls(1);
  calls[0].statement = &kDropHistory;
  calls[0].parameters.add(default_seconds);
  auto dropped = co_await database->transact(std::move(calls));
  if (!dropped) co_return fail(dropped.error());
  const std::int64_t months = (*dropped)[0].integer(0, 0);
  std::int64_t removed = 0;
  std::int64_t tenant = 0;
  std::int64_t key = 0;
  for (;;) {
    auto limited = co_await next_limited(database, default_seconds, tenant, key);
    if (!limited) co_return fail(limited.error());
    if (limited->keys.empty()) break;
    tenant = limited->tenants.back();
    key = limited->keys.back();
    auto expired = co_await expire_history(database, std::move(*limited));
    if (!expired) co_return fail(expired.error());
    removed += *expired;
  }
  if (months + removed == 0) co_return std::string();
  co_return fmt::format("{} values removed from history, {} months dropped", removed, months);
}

}  // namespace

std::vector<core::Job> upkeep_jobs(db::Database& database, std::chrono::milliseconds keep_history) {
  const double seconds = static_cast<double>(keep_history.count()) / 1000.0;
  std::vector<core::Job> jobs;
  jobs.push_back(
      {"entities.expire", "@every 10s", [&database] { return repeat(&database, &kExpire, " entities expired"); }});
  jobs.push_back(
      {"history.retention", "17 * * * *", [&database, seconds] { return keep_retention(&database, seconds); }});
  return jobs;
}

}  // namespace machi::broker

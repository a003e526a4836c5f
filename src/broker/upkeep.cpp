#include "broker/upkeep.h"

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

// A rule (kind history_retention) names a type of its tenant, or * for all others; the default covers the rest.
const db::Statement kExpireHistory{"upkeep_history", R"(
  with named as (
    select tenant, entity_key, type from machi.entity union all select tenant, entity_key, type from machi.removed_entity),
  kept as (
    select n.tenant, n.entity_key, coalesce((own.document ->> 'keep_seconds')::float8, (any_type.document ->> 'keep_seconds')::float8, $1::float8) as seconds
    from named n
    left join machi.resource own on own.tenant = n.tenant and own.kind = 'history_retention' and own.name = n.type
    left join machi.resource any_type on any_type.tenant = n.tenant and any_type.kind = 'history_retention' and any_type.name = '*'),
  old as (
    select h.ctid, h.tableoid from machi.history h join kept k on k.tenant = h.tenant and k.entity_key = h.entity_key
    where k.seconds > 0 and h.recorded < now() - make_interval(secs => k.seconds) limit 5000),
  gone as (delete from machi.history h using old where h.ctid = old.ctid and h.tableoid = old.tableoid returning 1)
  select count(*) from gone)"};

/// Repeats a bounded step until it finds nothing more, so that no transaction is long.
Task<Result<std::string>> repeat(db::Database* database, const db::Statement* step, std::optional<double> parameter,
                                 std::string what) {
  std::int64_t total = 0;
  for (;;) {
    std::vector<db::Call> calls(1);
    calls[0].statement = step;
    if (parameter) calls[0].parameters.add(*parameter);
    auto done = co_await database->transact(std::move(calls));
    if (!done) co_return fail(done.error());
    const std::int64_t count = (*done)[0].integer(0, 0);
    total += count;
    if (count == 0) break;
  }
  co_return total > 0 ? std::to_string(total) + what : std::string();
}

}  // namespace

std::vector<core::Job> upkeep_jobs(db::Database& database, std::chrono::milliseconds keep_history) {
  const double seconds = static_cast<double>(keep_history.count()) / 1000.0;
  std::vector<core::Job> jobs;
  jobs.push_back({"entities.expire", "@every 10s",
                  [&database] { return repeat(&database, &kExpire, std::nullopt, " entities expired"); }});
  jobs.push_back({"history.retention", "17 * * * *", [&database, seconds] {
                    return repeat(&database, &kExpireHistory, seconds, " values removed from history");
                  }});
  return jobs;
}

}  // namespace machi::broker

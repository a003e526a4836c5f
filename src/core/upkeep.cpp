#include "core/upkeep.h"

#include "base/log.h"

namespace machi::core {
namespace {

const db::Statement kPartitions{"upkeep_partitions", kMakePartitions};

// A partition is done with when it holds no transaction at or beyond the place of any consumer. Its hour has passed for
// good: rows come with the writer's clock, and an hour of grace covers clocks that differ.
const db::Statement kFinished{"upkeep_finished_partitions", R"(
  select c.relname, to_timestamp(substr(c.relname, 12), 'YYYYMMDDHH24') + interval '1 hour' < now() - make_interval(secs => $1::float8) as overdue
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'machi.change_log'::regclass
    and (to_timestamp(substr(c.relname, 12), 'YYYYMMDDHH24') at time zone 'utc') + interval '2 hours' < now() at time zone 'utc'
  order by c.relname)"};

const db::Statement kDrop{"upkeep_drop_partition", "select machi.drop_log_partition($1::text)"};

constexpr std::int64_t kAuditStep = 5000;
const db::Statement kExpireAudit{"upkeep_audit", R"(
  delete from machi.audit where id in (
    select id from machi.audit where recorded < now() - make_interval(secs => $1::float8) order by recorded limit $2::bigint))"};

Task<Result<std::string>> make_partitions(db::Database* database) {
  std::vector<db::Call> calls;
  calls.push_back({&kPartitions});
  auto done = co_await database->transact(std::move(calls));
  if (!done) co_return fail(done.error());
  const std::int64_t made = (*done)[0].integer(0, 0);
  co_return made > 0 ? std::to_string(made) + " partitions made" : std::string();
}

/// Names come from the catalogue of the database, not from input.
Task<Result<bool>> is_read_by_all(db::Database* database, std::string partition) {
  auto rows = co_await database->slow("select not exists (select 1 from machi." + partition +
                                          " l where l.transaction >= (select min(horizon) from machi.consumer))",
                                      db::Parameters());
  if (!rows) co_return fail(rows.error());
  co_return rows->boolean(0, 0);
}

Task<Result<std::string>> drop_partitions(db::Database* database, std::chrono::milliseconds keep) {
  db::Parameters parameters;
  parameters.add(static_cast<double>(keep.count()) / 1000.0);
  auto partitions = co_await database->read(kFinished, std::move(parameters));
  if (!partitions) co_return fail(partitions.error());
  int dropped = 0;
  for (std::size_t row = 0; row < partitions->size(); ++row) {
    const std::string partition(partitions->text(row, 0));
    const bool overdue = partitions->boolean(row, 1);
    auto read = co_await is_read_by_all(database, partition);
    if (!read) co_return fail(read.error());
    if (!*read && !overdue) continue;
    if (!*read) log::error("change log dropped before every consumer had read it", {{"partition", partition}});
    std::vector<db::Call> calls{{&kDrop}};
    calls[0].parameters.add(partition);
    auto gone = co_await database->transact(std::move(calls));
    if (!gone) co_return fail(gone.error());
    ++dropped;
  }
  co_return dropped > 0 ? std::to_string(dropped) + " partitions dropped" : std::string();
}

Task<Result<std::string>> expire_audit(db::Database* database, std::chrono::milliseconds keep) {
  std::int64_t total = 0;
  for (std::int64_t count = kAuditStep; count == kAuditStep; total += count) {
    std::vector<db::Call> calls{{&kExpireAudit}};
    calls[0].parameters.add(static_cast<double>(keep.count()) / 1000.0).add(kAuditStep);
    auto done = co_await database->transact(std::move(calls));
    if (!done) co_return fail(done.error());
    count = (*done)[0].affected();
  }
  co_return total > 0 ? std::to_string(total) + " audit records removed" : std::string();
}

}  // namespace

std::vector<Job> upkeep_jobs(db::Database& database, Retention keep) {
  std::vector<Job> jobs;
  jobs.push_back({"log.partitions", "@every 5m", [&database] { return make_partitions(&database); }});
  jobs.push_back({"log.drop", "@every 5m", [&database, keep] { return drop_partitions(&database, keep.change_log); }});
  if (keep.audit.count() > 0) {
    jobs.push_back({"audit.retention", "@every 1h", [&database, keep] { return expire_audit(&database, keep.audit); }});
  }
  return jobs;
}

}  // namespace machi::core

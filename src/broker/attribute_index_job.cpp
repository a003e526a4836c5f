#include "broker/attribute_index_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/query/sql.h"

namespace machi::broker {
namespace {

// Each index costs every change of the attribute; all tenants together may have this many indexed attributes.
constexpr std::int64_t kMostAttributes = 64;
constexpr std::chrono::milliseconds kConnectTime{10'000};
constexpr std::chrono::hours kBuildTime{24};
constexpr std::chrono::seconds kShort{10};

// What differs between declarations and indexes; nothing when all is done. `place` bounds how many are built.
const db::Statement kDifferences{"attribute_index_differences", R"(
  with declared as (
    select document ->> 'attribute' as attribute, bool_or(document ->> 'value_kind' <> 'text') as ordinal,
      bool_or(document ->> 'value_kind' in ('any', 'text')) as texts, row_number() over (order by min(created)) as place
    from machi.resource where kind = 'indexed_attribute' group by 1)
  select attribute, d.attribute is not null, coalesce(d.ordinal, false), coalesce(d.texts, false), coalesce(d.place, 0)
  from declared d full join machi.attribute_index i using (attribute)
  where d.attribute is null or i.state is null or i.state = 'building'
    or (i.state = 'failed' and i.changed < now() - interval '10 minutes')
    or (i.state = 'ready' and (d.ordinal, d.texts) is distinct from (i.ordinal, i.texts))
  order by d.place nulls first)"};
const db::Statement kBegun{"attribute_index_begun", R"(
  insert into machi.attribute_index (attribute, state) values ($1::text, 'building')
  on conflict (attribute) do update set state = 'building', reason = null, changed = now())"};
const db::Statement kReady{"attribute_index_ready", R"(
  update machi.attribute_index set state = 'ready', reason = null, changed = now(), ordinal = $2::boolean, texts = $3::boolean
  where attribute = $1::text)"};
const db::Statement kFailed{"attribute_index_failed", R"(
  update machi.attribute_index set state = 'failed', reason = $2::text, changed = now() where attribute = $1::text)"};
const db::Statement kForget{"attribute_index_forget", "delete from machi.attribute_index where attribute = $1::text"};
// A build that was interrupted leaves an index that is not valid.
const db::Statement kIsValid{"attribute_index_is_valid",
                             "select coalesce((select indisvalid from pg_index where indexrelid = "
                             "to_regclass('machi.' || quote_ident($1::text))), false)"};

struct Wanted {
  std::string attribute;
  bool declared = false;
  bool ordinal = false;
  bool texts = false;
  std::int64_t place = 0;

  [[nodiscard]] bool needs(std::string_view suffix) const {
    if (!declared) return false;
    if (suffix == "ordinal") return ordinal;
    return suffix == "text" ? texts : true;
  }
};

/// One runner of the job at a time; what `cancel` must reach.
struct Work {
  db::Database* database;
  std::string url;
  std::unique_ptr<db::Connection> connection{};
  bool stopping = false;
};

std::vector<Wanted> read_differences(const db::Rows& rows) {
  std::vector<Wanted> all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    all.push_back({std::string(rows.text(row, 0)), rows.boolean(row, 1), rows.boolean(row, 2), rows.boolean(row, 3),
                   rows.integer(row, 4)});
  }
  return all;
}

Task<Result<>> note(Work* work, const db::Statement* statement, db::Parameters parameters) {
  std::vector<db::Call> calls;
  calls.push_back({statement, std::move(parameters)});
  auto done = co_await work->database->transact(std::move(calls));
  if (!done) co_return fail(std::move(done.error()));
  co_return Result<>();
}

/// One statement outside any transaction. Its text is made from declarations by attribute_indexes.
Task<Result<>> execute(Work* work, std::string sql, std::chrono::milliseconds deadline) {
  if (work->stopping || !work->connection) co_return fail(ErrorCode::busy, "the server is stopping");
  const db::Statement statement{"", sql};
  std::vector<db::Call> calls;
  calls.push_back({&statement});
  auto done = co_await work->connection->run(std::move(calls), deadline);
  if (!done) co_return fail(std::move(done.error()));
  co_return Result<>();
}

Task<Result<>> execute_all(Work* work, std::vector<std::string> statements) {
  for (std::string& sql : statements) {
    auto done = co_await execute(work, std::move(sql), kBuildTime);
    if (!done) co_return done;
  }
  co_return Result<>();
}

Task<Result<>> bring_about(Work* work, Wanted wanted) {
  for (query::AttributeIndex& index : query::attribute_indexes(wanted.attribute, true)) {
    db::Parameters name;
    name.add(index.name);
    auto valid = co_await work->database->read(kIsValid, std::move(name));
    if (!valid) co_return fail(std::move(valid.error()));
    const bool needed = wanted.needs(index.suffix);
    if (needed && valid->boolean(0, 0)) continue;
    auto dropped = co_await execute_all(work, std::move(index.drop));
    if (!dropped) co_return dropped;
    if (!needed) continue;
    auto created = co_await execute_all(work, std::move(index.create));
    if (!created) co_return created;
  }
  if (!wanted.declared) co_return Result<>();
  auto analyzed = co_await execute(work, "analyze machi.entity", kBuildTime);
  co_return analyzed;
}

Task<Result<>> settle(Work* work, Wanted wanted) {
  db::Parameters p;
  p.add(wanted.attribute);
  if (!wanted.declared) {
    auto dropped = co_await bring_about(work, wanted);
    if (!dropped) co_return dropped;
    auto forgotten = co_await note(work, &kForget, std::move(p));
    co_return forgotten;
  }
  auto begun = co_await note(work, &kBegun, p);
  if (!begun) co_return begun;
  Result<> built =
      fail(ErrorCode::no_resources, fmt::format("more than {} attributes are declared as indexed", kMostAttributes));
  if (wanted.place <= kMostAttributes) built = co_await bring_about(work, wanted);
  // An interrupted build stays `building`: the next run begins it anew.
  if (work->stopping) co_return fail(ErrorCode::busy, "the server is stopping");
  if (built) {
    p.add(wanted.ordinal).add(wanted.texts);
    auto ready = co_await note(work, &kReady, std::move(p));
    co_return ready;
  }
  p.add(built.error().message);
  auto noted = co_await note(work, &kFailed, std::move(p));
  if (!noted) co_return noted;
  co_return built;
}

Task<Result<std::string>> reconcile(std::shared_ptr<Work> work) {
  auto rows = co_await work->database->read(kDifferences, db::Parameters());
  if (!rows) co_return fail(std::move(rows.error()));
  if (rows->empty()) co_return std::string();
  auto connection = co_await db::Connection::connect(work->database->loop(), work->url, kConnectTime);
  if (!connection) co_return fail(std::move(connection.error()));
  work->connection = std::move(*connection);
  // A build waits for older transactions; it must not be given up for that.
  Result<> outcome = co_await execute(work.get(), "set statement_timeout to 0", kShort);
  int settled = 0;
  for (Wanted& wanted : read_differences(*rows)) {
    if (!outcome && (work->stopping || !work->connection->is_usable())) break;
    auto done = co_await settle(work.get(), std::move(wanted));
    if (done) ++settled;
    if (!done) outcome = std::move(done);
  }
  work->connection.reset();
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return fmt::format("indexes of {} attributes", settled);
}

}  // namespace

core::Job attribute_index_job(db::Database& database, std::string url) {
  auto work = std::make_shared<Work>(Work{&database, std::move(url)});
  core::Job job{"attributes.index", "@every 5s", [work] { return reconcile(work); }};
  job.cancel = [work] {
    work->stopping = true;
    work->connection.reset();  // what runs on it ends at once
  };
  return job;
}

}  // namespace machi::broker

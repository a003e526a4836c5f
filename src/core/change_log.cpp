#include "core/change_log.h"

#include <charconv>

namespace machi::core {
namespace {

const db::Statement kHorizon{
    "log_horizon",
    "select pg_snapshot_xmin(pg_current_snapshot())::text, (extract(epoch from now()) * 1000000)::bigint"};
const db::Statement kEpoch{"log_epoch", "select system_identifier from pg_control_system()"};
// The bound of `recorded` leaves a few partitions of the many to be looked into, in a plan that is made once.
const db::Statement kRead{
    "log_read",
    "select sequence, transaction::text, recorded, kind, slot, tenant, entity_key, version, alterations, id, type, "
    "service_path, "
    "correlator, principal, document, detail from machi.change_log where transaction >= $1::xid8 and transaction < "
    "$2::xid8 and "
    "recorded >= $6::timestamptz and sequence > $3::bigint and (kind <> 1 or slot = "
    "any($4::smallint[])) order by sequence limit $5::bigint"};
const db::Statement kAnnounce{"log_announce",
                              "insert into machi.change_log (recorded, kind, slot, tenant, entity_key, version, "
                              "alterations, id, type, service_path, "
                              "correlator, principal, document, detail) values (now(), $1::smallint, 0, $2::int, 0, 0, "
                              "0, $3::text, '', '', $5::text, "
                              "$6::text, $4::text, '')"};

std::uint64_t unsigned_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

LogEntry entry_at(const db::Rows& rows, std::size_t row) {
  LogEntry e;
  e.sequence = rows.integer(row, 0);
  e.transaction = unsigned_of(rows.text(row, 1));
  e.recorded = parse_iso8601(rows.text(row, 2)).value_or(Timestamp{});
  e.kind = static_cast<ChangeKind>(rows.integer(row, 3));
  e.slot = static_cast<int>(rows.integer(row, 4));
  e.tenant = static_cast<std::int32_t>(rows.integer(row, 5));
  e.entity_key = rows.integer(row, 6);
  e.version = rows.integer(row, 7);
  e.alterations = static_cast<int>(rows.integer(row, 8));
  e.id = rows.text(row, 9);
  e.type = rows.text(row, 10);
  e.service_path = rows.text(row, 11);
  e.correlator = rows.text(row, 12);
  e.principal = rows.text(row, 13);
  e.document = rows.text(row, 14);
  e.detail = rows.text(row, 15);
  e.rows = rows;
  return e;
}

}  // namespace

Task<Result<std::uint64_t>> LogReader::horizon() {
  auto rows = co_await database_.read(kHorizon, db::Parameters());
  if (!rows) co_return fail(rows.error());
  const std::uint64_t horizon = unsigned_of(rows->text(0, 0));
  note(horizon, rows->timestamp(0, 1));
  co_return horizon;
}

void LogReader::note(std::uint64_t horizon, Timestamp time) {
  if (newer_.horizon != 0 && time - newer_.time < kMarkEvery) return;
  older_ = newer_;
  newer_ = {horizon, time};
}

Timestamp LogReader::recorded_after(std::uint64_t transaction) const {
  for (const Mark& mark : {newer_, older_}) {
    if (mark.horizon != 0 && mark.horizon <= transaction) return mark.time - kGrace;
  }
  return {};
}

Task<Result<std::int64_t>> LogReader::epoch() {
  auto rows = co_await database_.read(kEpoch, db::Parameters());
  if (!rows) co_return fail(rows.error());
  co_return rows->integer(0, 0);
}

Task<Result<std::vector<LogEntry>>> LogReader::read(LogWindow window, std::int64_t after,
                                                    std::vector<std::int64_t> slots, std::int64_t limit) {
  db::Parameters parameters;
  parameters.add(std::to_string(window.begin)).add(std::to_string(window.end)).add(after).add_array(slots).add(limit);
  parameters.add(recorded_after(window.begin));
  auto rows = co_await database_.read(kRead, std::move(parameters));
  if (!rows) co_return fail(rows.error());
  std::vector<LogEntry> entries;
  entries.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) entries.push_back(entry_at(*rows, row));
  co_return entries;
}

db::Call announce(ChangeKind kind, std::int32_t tenant, std::string_view id, std::string_view document,
                  std::string_view correlator, std::string_view principal) {
  db::Call call{&kAnnounce};
  call.parameters.add(static_cast<int>(kind))
      .add(static_cast<int>(tenant))
      .add(id)
      .add(document)
      .add(correlator)
      .add(principal);
  return call;
}

}  // namespace machi::core

#include "core/guarded_change.h"

namespace machi::core {
namespace {

constexpr std::chrono::milliseconds kDeadline{10'000};
constexpr std::chrono::milliseconds kCommitPatience{3000};

Failure connection_lost() {
  return fail(ErrorCode::busy, "the connection to the database was lost; repeat the request");
}

}  // namespace

Task<Result<bool>> change_with(db::Database* database, db::Call change, std::vector<db::Call> consequences) {
  auto connection = co_await database->write_connection();
  if (!connection) co_return fail(std::move(connection.error()));
  std::vector<db::Call> opening;
  opening.push_back({&db::kBegin});
  opening.push_back({&db::kTransactionMark});
  opening.push_back(std::move(change));
  auto changed = co_await (*connection)->run(std::move(opening), kDeadline);
  if (!changed && changed.error().code == ErrorCode::outcome_unknown)
    co_return connection_lost();  // nothing is written
  if (!changed) co_return fail(std::move(changed.error()));
  // The lease rolls back what is not committed.
  if ((*changed)[2].affected() == 0) co_return false;
  consequences.push_back({&db::kCommit});
  auto committed = co_await (*connection)->run(std::move(consequences), kDeadline);
  if (committed) co_return true;
  if (committed.error().code != ErrorCode::outcome_unknown) co_return fail(std::move(committed.error()));
  std::string mark((*changed)[1].text(0, 0));
  auto settled = co_await database->was_committed(std::move(mark), kCommitPatience);
  if (!settled) co_return fail(std::move(settled.error()));
  if (!*settled) co_return connection_lost();
  co_return true;
}

}  // namespace machi::core

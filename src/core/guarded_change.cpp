#include "core/guarded_change.h"

namespace machi::core {
namespace {

constexpr double kShare = 0.5;  // of the time left: some stays for the commit, and for the question what became of it

Failure connection_lost() {
  return fail(ErrorCode::busy, "the connection to the database was lost; repeat the request");
}

}  // namespace

Task<Result<bool>> change_with(db::Database* database, db::Call change, std::vector<db::Call> consequences) {
  const db::Deadline until = database->deadline();
  auto connection = co_await database->write_connection(until);
  if (!connection) co_return fail(std::move(connection.error()));
  std::vector<db::Call> opening;
  opening.push_back({&db::kBegin});
  opening.push_back({&db::kTransactionMark});
  opening.push_back(std::move(change));
  auto changed = co_await (*connection)->run(std::move(opening), until.for_run(kShare));
  if (!changed && changed.error().code == ErrorCode::outcome_unknown)
    co_return connection_lost();  // nothing is written
  if (!changed) co_return fail(std::move(changed.error()));
  // The lease rolls back what is not committed.
  if ((*changed)[2].affected() == 0) co_return false;
  consequences.push_back({&db::kCommit});
  auto committed = co_await (*connection)->run(std::move(consequences), until.for_run(kShare));
  if (committed) co_return true;
  if (committed.error().code != ErrorCode::outcome_unknown) co_return fail(std::move(committed.error()));
  std::string mark((*changed)[1].text(0, 0));
  auto settled = co_await database->was_committed(std::move(mark), until.left());
  if (!settled) co_return fail(std::move(settled.error()));
  if (!*settled) co_return connection_lost();
  co_return true;
}

}  // namespace machi::core

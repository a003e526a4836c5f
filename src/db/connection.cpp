#include "db/connection.h"

#include "db/await.h"
#include "db/open_pipeline.h"
#include "db/pipeline.h"

namespace machi::db {

constinit const Statement kBegin{"machi_begin", "begin"};
constinit const Statement kCommit{"machi_commit", "commit"};
constinit const Statement kRollback{"machi_rollback", "rollback"};

// The number of a transaction may be used again when the server crashed before anything that it wrote reached the disk.
// The statistics are thrown away by every crash recovery, so the moment of their last reset tells the times apart.
constinit const Statement kTransactionMark{
    "machi_transaction_mark",
    "select pg_current_xact_id()::text || '@' || coalesce(extract(epoch from pg_stat_get_bgwriter_stat_reset_time()), "
    "0)::text"};

Connection::Connection(std::shared_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}

Connection::~Connection() {
  if (pipeline_) pipeline_->close();
}

Task<Result<std::unique_ptr<Connection>>> Connection::connect(Loop& loop, std::string parameters,
                                                              std::chrono::milliseconds timeout) {
  OpenOptions options{.url = std::move(parameters), .timeout = timeout};
  auto start = [&loop, &options](auto done) { open_pipeline(loop, std::move(options), std::move(done)); };
  auto pipeline = co_await await_callback<Result<std::shared_ptr<Pipeline>>>(start);
  if (!pipeline) co_return fail(pipeline.error());
  co_return std::unique_ptr<Connection>(new Connection(std::move(*pipeline)));
}

Task<Result<std::vector<Rows>>> Connection::run(std::vector<Call> calls, std::chrono::milliseconds deadline) {
  const auto pipeline = pipeline_;  // the connection may be destroyed while this waits
  auto start = [&](auto done) {
    pipeline->submit({.calls = std::move(calls), .deadline = Clock::now() + deadline, .done = std::move(done)});
  };
  Outcome outcome = co_await await_callback<Outcome>(start);
  if (outcome.error) co_return fail(std::move(*outcome.error));
  co_return std::move(outcome.rows);
}

void Connection::on_notification(std::function<void(std::string_view channel, std::string_view payload)> callback) {
  pipeline_->on_notification(std::move(callback));
}

bool Connection::is_usable() const {
  return pipeline_ && pipeline_->is_usable();
}

}  // namespace machi::db

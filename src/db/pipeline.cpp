#include "db/pipeline.h"

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "db/sqlstate.h"

// How work goes out and what ends it; pipeline_results.cpp has the way back.
namespace machi::db {

std::shared_ptr<Pipeline> Pipeline::start(Loop& loop, ConnectionHandle connection) {
  if (PQsetnonblocking(connection.get(), 1) != 0 || PQenterPipelineMode(connection.get()) != 1) return nullptr;
  auto pipeline = std::make_shared<Pipeline>(Private{}, loop, std::move(connection));
  PQsetNoticeReceiver(pipeline->connection_.get(), &Pipeline::on_notice, pipeline.get());
  pipeline->descriptor_.assign(PQsocket(pipeline->connection_.get()));
  pipeline->wait_readable();
  return pipeline;
}

Pipeline::Pipeline(Private, Loop& loop, ConnectionHandle connection)
    : loop_(loop), connection_(std::move(connection)), descriptor_(loop.get_executor()), timer_(loop.get_executor()) {}

bool Pipeline::is_quiet() const {
  return unfinished_ == 0 && connection_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void Pipeline::submit(Group group) {
  ++unfinished_;
  watch(group.deadline);
  waiting_.push_back(std::move(group));
  if (!connection_) {
    lose("already lost");
  } else if (!reading_) {
    pump();
  }
}

void Pipeline::pump() {
  while (connection_ && !waiting_.empty() && !write_blocked_ && !cancelling_) {
    Group group = std::move(waiting_.front());
    waiting_.pop_front();
    send(std::move(group));
  }
  flush();
}

void Pipeline::send(Group group) {
  bool sendable = true;
  for (const Call& call : group.calls) sendable = sendable && call.parameters.can_be_sent();
  Flight flight{.group = std::move(group)};
  if (!sendable) {
    flight.error = database_error(ErrorCode::bad_request);
    finish(std::move(flight));
    return deliver_later();
  }
  for (const Call& call : flight.group->calls) {
    if (call.statement->name.empty()) continue;
    Prepared* prepared = find_prepared(*call.statement);
    if (!prepared) {
      flight.error = database_error(ErrorCode::internal);
      finish(std::move(flight));
      return deliver_later();
    }
    if (!prepared->sent && !send_preparation(*prepared)) {
      waiting_.push_front(std::move(*flight.group));
      return lose(PQerrorMessage(connection_.get()));
    }
  }
  flight.rows.reserve(flight.group->calls.size());
  flights_.push_back(std::move(flight));
  bool sent = true;
  for (const Call& call : flights_.back().group->calls) sent = sent && send_call(call);
  if (!sent || !send_sync()) lose(PQerrorMessage(connection_.get()));
}

Pipeline::Prepared* Pipeline::find_prepared(const Statement& statement) {
  auto found = prepared_.find(statement.name);
  if (found == prepared_.end()) {
    const std::string name(statement.name);
    found = prepared_.emplace(name, Prepared{.server_name = name, .sql = std::string(statement.sql)}).first;
  }
  Prepared& prepared = found->second;
  if (prepared.sql != statement.sql) {
    log::error("two statements share a name", {{"statement", statement.name}});
    return nullptr;
  }
  return &prepared;
}

bool Pipeline::send_preparation(Prepared& prepared) {
  if (PQsendPrepare(connection_.get(), prepared.server_name.c_str(), prepared.sql.c_str(), 0, nullptr) != 1) {
    return false;
  }
  prepared.sent = true;
  prepared.error.reset();
  flights_.push_back(Flight{.preparing = &prepared});
  return send_sync();
}

bool Pipeline::send_call(const Call& call) {
  constexpr std::size_t kFew = 16;
  const Parameters& parameters = call.parameters;
  const std::size_t count = parameters.size();
  std::array<const char*, kFew> few_values;
  std::array<int, kFew> few_lengths;
  std::array<int, kFew> few_formats;
  std::vector<const char*> many_values(count > kFew ? count : 0);
  std::vector<int> many_lengths(many_values.size());
  std::vector<int> many_formats(many_values.size());
  const char** values = count > kFew ? many_values.data() : few_values.data();
  int* lengths = count > kFew ? many_lengths.data() : few_lengths.data();
  int* formats = count > kFew ? many_formats.data() : few_formats.data();
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = parameters.value(i);
    lengths[i] = parameters.length(i);
    formats[i] = parameters.is_binary(i) ? 1 : 0;
  }
  const int number = static_cast<int>(count);
  if (call.statement->name.empty()) {
    const std::string sql(call.statement->sql);
    return PQsendQueryParams(connection_.get(), sql.c_str(), number, nullptr, values, lengths, formats, 0) == 1;
  }
  const Prepared& prepared = *find_prepared(*call.statement);
  return PQsendQueryPrepared(connection_.get(), prepared.server_name.c_str(), number, values, lengths, formats, 0) == 1;
}

bool Pipeline::send_sync() {
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
  return PQsendPipelineSync(connection_.get()) == 1;  // leaves the write to flush(): one for all groups of a turn
#else
  return PQpipelineSync(connection_.get()) == 1;  // writes at once
#endif
}

void Pipeline::flush() {
  if (!connection_ || write_blocked_) return;
  const int left = PQflush(connection_.get());
  if (left == 1) wait_writable();
  if (left < 0) lose(PQerrorMessage(connection_.get()));
}

void Pipeline::wait_writable() {
  write_blocked_ = true;
  descriptor_.async_wait(descriptor_.wait_write, [self = shared_from_this()](boost::system::error_code error) {
    if (error || !self->connection_) return;
    self->write_blocked_ = false;
    self->pump();
  });
}

void Pipeline::finish(Flight flight) {
  Outcome outcome{.rows = std::move(flight.rows), .error = std::move(flight.error)};
  finished_.emplace_back(std::move(*flight.group), std::move(outcome));
}

// The callbacks may do anything, also submit more or close this connection.
void Pipeline::deliver() {
  if (delivering_) return;
  delivering_ = true;
  while (!finished_.empty()) {
    auto [group, outcome] = std::move(finished_.front());
    finished_.pop_front();
    --unfinished_;
    outcome.calls = std::move(group.calls);
    group.done(std::move(outcome));
  }
  delivering_ = false;
}

void Pipeline::deliver_later() {
  asio::post(loop_, [self = shared_from_this()] { self->deliver(); });
}

void Pipeline::release() {
  timer_.cancel();
  if (!connection_) return;
  descriptor_.release();  // libpq closes the socket
  connection_.reset();
}

void Pipeline::close() {
  on_lost_ = nullptr;
  on_notification_ = nullptr;
  if (connection_ || !waiting_.empty()) lose("");
}

// Deferred, because it may be met while somebody is still sending.
void Pipeline::lose(std::string_view why) {
  if (connection_ && !why.empty()) log::warn("database connection lost", {{"reason", why.substr(0, why.find('\n'))}});
  release();
  const Error sent = database_error(server_ended_it_ ? ErrorCode::busy : ErrorCode::outcome_unknown);
  for (Flight& flight : std::exchange(flights_, {})) {
    if (!flight.group) continue;
    if (!flight.error) flight.error = sent;
    finish(std::move(flight));
  }
  for (Group& group : std::exchange(waiting_, {})) {
    finish(Flight{.group = std::move(group), .error = database_error(ErrorCode::busy)});
  }
  asio::post(loop_, [self = shared_from_this()] {
    if (self->on_lost_) std::exchange(self->on_lost_, nullptr)();
    self->deliver();
  });
}

}  // namespace machi::db

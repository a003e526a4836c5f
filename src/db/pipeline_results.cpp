#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "db/blocking_jobs.h"
#include "db/pipeline.h"
#include "db/sqlstate.h"

// The way back of a pipeline: results, notifications, deadlines.
namespace machi::db {

namespace {

constexpr std::chrono::milliseconds kCancelAgain{250};

bool ends_the_session(const PGresult* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity && (std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC");
}

/// A migration of another node changed what the statement yields; the server wants it prepared again.
bool is_stale_plan(const PGresult* result) {
  const char* function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  return sqlstate_of(result) == "0A000" && function && std::string_view(function) == "RevalidateCachedQuery";
}

}  // namespace

void Pipeline::wait_readable() {
  descriptor_.async_wait(descriptor_.wait_read, [self = shared_from_this()](boost::system::error_code error) {
    if (error || !self->connection_) return;
    self->read();
    if (self->connection_) self->wait_readable();
  });
}

void Pipeline::read() {
  reading_ = true;
  const bool alive = PQconsumeInput(connection_.get()) == 1;
  const bool in_order = read_results();
  if (connection_ && on_notification_) read_notifications();
  deliver();
  reading_ = false;
  if (!connection_) return;
  if (!alive || !in_order || PQstatus(connection_.get()) != CONNECTION_OK) {
    return lose(PQerrorMessage(connection_.get()));
  }
  pump();
}

/// Takes what has arrived. False when the answers do not fit what was asked.
bool Pipeline::read_results() {
  if (flights_.empty()) PQisBusy(connection_.get());  // parses notices and notifications
  while (connection_ && !flights_.empty() && !PQisBusy(connection_.get())) {
    ResultHandle result(PQgetResult(connection_.get()));
    if (!result) {
      // Each call's results end with one; a second in a row means that libpq awaits nothing, and we do.
      if (++empty_answers_ > 2) return false;
      continue;
    }
    empty_answers_ = 0;
    take(std::move(result));
    if (!flights_.empty() && flights_.front().protocol_stuck) return false;
  }
  return true;
}

void Pipeline::take(ResultHandle result) {
  Flight& flight = flights_.front();
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC:
      return finish_front();
    case PGRES_PIPELINE_ABORTED:
      return;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      if (flight.group && !flight.error) flight.rows.emplace_back(result.release());
      return;
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
      return take_failure(std::move(result));
    default:  // COPY, which would wait for data
      flight.error = database_error(ErrorCode::internal);
      flight.protocol_stuck = true;
  }
}

void Pipeline::take_failure(ResultHandle result) {
  Flight& flight = flights_.front();
  if (sqlstate_of(result.get()).empty()) {  // libpq's own: the connection broke
    flight.protocol_stuck = true;
    return;
  }
  if (flight.error) return;
  Error error = judge(flight, result.get());
  if (flight.preparing) {
    flight.preparing->sent = false;
    flight.preparing->error = error;
  }
  flight.error = std::move(error);
}

Error Pipeline::judge(Flight& flight, const PGresult* result) {
  const bool at_the_end = flight.group && flight.rows.size() == flight.group->calls.size();
  const Statement* statement =
      flight.group && !at_the_end ? flight.group->calls[flight.rows.size()].statement : nullptr;
  std::string_view name = statement ? statement->name : std::string_view();
  if (flight.preparing) name = flight.preparing->server_name;
  const bool stale = statement && is_stale_plan(result);
  Error error = stale ? database_error(ErrorCode::conflict) : error_of(result, name);
  const std::string_view state = sqlstate_of(result);
  if (state == "25006") retired_ = true;
  const auto present = Clock::now();
  const bool stray = cancelling_ || present < stray_cancel_until_;
  if (state == "57014" && flight.group && stray && present < flight.group->deadline) {
    error = database_error(ErrorCode::busy);  // meant for the group before
  }
  if (statement && !statement->name.empty() && (state == "26000" || stale)) {
    Prepared& prepared = *find_prepared(*statement);
    error = prepared.error.value_or(database_error(ErrorCode::conflict));
    prepared.sent = false;
    prepared.server_name = fmt::format("{}~{}", statement->name, ++prepared.generation);
  }
  if (ends_the_session(result)) {
    retired_ = true;
    server_ended_it_ = true;
    // All calls had been answered: the commit of the group may have happened before the end.
    if (at_the_end) error = database_error(ErrorCode::outcome_unknown);
  }
  return error;
}

void Pipeline::finish_front() {
  Flight flight = std::move(flights_.front());
  flights_.pop_front();
  if (flight.group) finish(std::move(flight));
}

void Pipeline::read_notifications() {
  struct FreeNotify {
    void operator()(PGnotify* notify) const { PQfreemem(notify); }
  };
  while (connection_) {
    const std::unique_ptr<PGnotify, FreeNotify> notify(PQnotifies(connection_.get()));
    if (!notify) return;
    const auto callback = on_notification_;
    if (callback) callback(notify->relname, notify->extra);
  }
}

void Pipeline::on_notice(void* self, const PGresult* result) {
  // The server's farewell to an idle session comes as a notice.
  if (ends_the_session(result)) static_cast<Pipeline*>(self)->retired_ = true;
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  log::debug("notice of the database", {{"sqlstate", sqlstate_of(result)}, {"detail", message ? message : ""}});
}

void Pipeline::watch(Clock::time_point deadline) {
  if (deadline >= watched_) return;
  watched_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto pipeline = self.lock();
    if (error || !pipeline || !pipeline->connection_) return;
    pipeline->watched_ = Clock::time_point::max();
    pipeline->check_deadlines();
  });
}

const Group* Pipeline::oldest_group() const {
  for (const Flight& flight : flights_) {
    if (flight.group) return &*flight.group;
  }
  return nullptr;
}

void Pipeline::check_deadlines() {
  const auto now = Clock::now();
  std::erase_if(waiting_, [&](Group& group) {
    if (group.deadline > now) return false;
    finish(Flight{.group = std::move(group), .error = database_error(ErrorCode::timeout)});
    return true;
  });
  const Group* oldest = oldest_group();
  if (oldest && oldest->deadline <= now) {
    if (now - oldest->deadline >= kCancelTime) return lose("no answer to a cancel request");
    cancel();
    watch(std::min(now + kCancelAgain, oldest->deadline + kCancelTime));
  } else {
    auto next = Clock::time_point::max();
    for (const Flight& flight : flights_) next = flight.group ? std::min(next, flight.group->deadline) : next;
    for (const Group& group : waiting_) next = std::min(next, group.deadline);
    // One that is due but waits behind another is looked at when it has become the oldest.
    if (next != Clock::time_point::max()) watch(std::max(next, now + kCancelAgain));
  }
  deliver();
}

void Pipeline::cancel() {
  if (cancelling_) return;
  struct FreeCancel {
    void operator()(PGcancel* request) const { PQfreeCancel(request); }
  };
  std::unique_ptr<PGcancel, FreeCancel> request(PQgetCancel(connection_.get()));
  if (!request) return;
  cancelling_ = true;
  // PQcancel connects and waits, so it has no place on the loop.
  auto work = [self = shared_from_this(), request = std::move(request),
               guard = asio::make_work_guard(loop_)]() mutable {
    std::array<char, 256> message{};
    PQcancel(request.get(), message.data(), static_cast<int>(message.size()));
    Loop& loop = self->loop_;
    asio::post(loop, [self = std::move(self)] {
      self->cancelling_ = false;
      self->stray_cancel_until_ = Clock::now() + kCancelTime;
      self->pump();
    });
  };
  asio::post(BlockingJobs::of(loop_).pool(), std::move(work));
}

}  // namespace machi::db

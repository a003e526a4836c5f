#include "db/exclusive_pool.h"

#include <boost/asio/post.hpp>

#include "db/sqlstate.h"

namespace machi::db {

namespace {

constexpr std::chrono::seconds kRollbackTime{5};

}  // namespace

ExclusivePool::ExclusivePool(Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      retry_(loop.get_executor()),
      expiry_(loop.get_executor()),
      idleness_(loop.get_executor()) {}

std::unique_ptr<Connection> ExclusivePool::try_borrow() {
  while (!closed_ && !idle_.empty()) {
    std::shared_ptr<Pipeline> pipeline = std::move(idle_.back().pipeline);
    idle_.pop_back();
    if (pipeline->is_usable()) return std::unique_ptr<Connection>(new Connection(std::move(pipeline)));
    drop(pipeline);
  }
  return nullptr;
}

void ExclusivePool::borrow(Deadline until, std::move_only_function<void(Loan)> done) {
  if (closed_ || waiting_.size() >= options_.waiting) {
    asio::post(loop_, [done = std::move(done)]() mutable { done(fail(database_error(ErrorCode::busy))); });
    return;
  }
  waiting_.push_back({std::move(done), until.moment()});
  watch_waiting();
  grow();
}

void ExclusivePool::grow() {
  if (closed_ || retrying_) return;
  while (waiting_.size() > opening_ && open_ + opening_ < options_.connections) {
    ++opening_;
    open_pipeline(loop_, options_.open, [self = shared_from_this()](Result<std::shared_ptr<Pipeline>> pipeline) {
      self->opened(std::move(pipeline));
    });
  }
}

void ExclusivePool::opened(Result<std::shared_ptr<Pipeline>> pipeline) {
  --opening_;
  if (pipeline) {
    back_off_.reset();
    ++open_;
    return make_available(std::move(*pipeline));
  }
  if (closed_) return finish_closing();
  if (retrying_) return;
  retrying_ = true;
  retry_.expires_after(back_off_.next());
  retry_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto pool = self.lock();
    if (!pool) return;
    pool->retrying_ = false;
    if (!error) pool->grow();
  });
}

void ExclusivePool::make_available(std::shared_ptr<Pipeline> pipeline) {
  if (closed_ || !pipeline->is_usable()) return drop(pipeline);
  if (!waiting_.empty()) {
    Borrower borrower = std::move(waiting_.front());
    waiting_.pop_front();
    std::unique_ptr<Connection> connection(new Connection(std::move(pipeline)));
    asio::post(loop_, [borrower = std::move(borrower), connection = std::move(connection)]() mutable {
      borrower.done(std::move(connection));
    });
    return;
  }
  pipeline->on_lost([self = weak_from_this(), lost = pipeline.get()] {
    const auto pool = self.lock();
    if (!pool) return;
    const auto is_lost = [lost](const Idle& idle) { return idle.pipeline.get() == lost; };
    if (std::erase_if(pool->idle_, is_lost) > 0) --pool->open_;
    pool->finish_closing();
  });
  idle_.push_back({std::move(pipeline), Clock::now()});
  watch_idle();
}

void ExclusivePool::watch_idle() {
  if (closed_ || open_ < 2 || idle_.empty() || std::exchange(idleness_armed_, true)) return;
  idleness_.expires_at(idle_.front().since + options_.idle_time);
  idleness_.async_wait([self = weak_from_this()](boost::system::error_code) {
    const auto pool = self.lock();
    if (!pool) return;
    pool->idleness_armed_ = false;
    pool->close_idle();
  });
}

void ExclusivePool::close_idle() {
  const auto rested = Clock::now() - options_.idle_time;
  while (!closed_ && open_ > 1 && !idle_.empty() && idle_.front().since <= rested) {
    const std::shared_ptr<Pipeline> pipeline = std::move(idle_.front().pipeline);
    idle_.erase(idle_.begin());
    drop(pipeline);
  }
  watch_idle();
}

void ExclusivePool::give_back(std::unique_ptr<Connection> connection) {
  std::shared_ptr<Pipeline> pipeline = std::exchange(connection->pipeline_, nullptr);
  pipeline->on_notification(nullptr);
  if (!pipeline->is_usable() || pipeline->is_quiet()) return make_available(std::move(pipeline));
  Group rollback{.deadline = Clock::now() + kRollbackTime};
  rollback.calls.push_back({&kRollback});
  rollback.done = [self = shared_from_this(), pipeline](const Outcome&) {
    if (!pipeline->is_quiet()) return self->drop(pipeline);
    self->make_available(pipeline);
  };
  pipeline->submit(std::move(rollback));
}

void ExclusivePool::drop(const std::shared_ptr<Pipeline>& pipeline) {
  pipeline->close();
  --open_;
  grow();
  finish_closing();
}

/// The timer goes off at the earliest deadline of those who wait.
void ExclusivePool::watch_waiting() {
  auto earliest = Clock::time_point::max();
  for (const Borrower& borrower : waiting_) earliest = std::min(earliest, borrower.deadline);
  if (earliest >= expiry_armed_) return;
  expiry_armed_ = earliest;
  expiry_.expires_at(earliest);
  expiry_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto pool = self.lock();
    if (!pool || error) return;
    pool->expiry_armed_ = Clock::time_point::max();
    pool->refuse_expired();
  });
}

void ExclusivePool::refuse_expired() {
  const auto now = Clock::now();
  std::vector<Borrower> expired;
  std::erase_if(waiting_, [&](Borrower& borrower) {
    if (borrower.deadline > now) return false;
    expired.push_back(std::move(borrower));
    return true;
  });
  watch_waiting();
  for (Borrower& borrower : expired) borrower.done(fail(database_error(ErrorCode::busy)));
}

void ExclusivePool::close(std::move_only_function<void()> done) {
  closed_ = true;
  closed_callback_ = std::move(done);
  retry_.cancel();
  for (Borrower& borrower : std::exchange(waiting_, {})) {
    asio::post(loop_, [done = std::move(borrower.done)]() mutable { done(fail(database_error(ErrorCode::busy))); });
  }
  expiry_.cancel();
  idleness_.cancel();
  for (const Idle& idle : std::exchange(idle_, {})) {
    idle.pipeline->close();
    --open_;
  }
  finish_closing();
}

void ExclusivePool::finish_closing() {
  if (closed_ && open_ == 0 && opening_ == 0 && closed_callback_)
    asio::post(loop_, std::exchange(closed_callback_, nullptr));
}

}  // namespace machi::db

#include "db/read_pool.h"

#include <boost/asio/post.hpp>

#include "db/sqlstate.h"

namespace machi::db {

namespace {

constexpr std::size_t kReadsInOneSync = 64;
constexpr std::size_t kGroupsUnderWay = 2;
constexpr int kAttempts = 3;
constexpr double kFirstShare = 0.5;  // of the time left
constexpr std::chrono::milliseconds kExpiryTick{100};

bool may_be_repeated(ErrorCode code) {
  return code == ErrorCode::outcome_unknown || code == ErrorCode::busy || code == ErrorCode::conflict;
}

}  // namespace

ReadPool::ReadPool(Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)), slots_(options_.connections), expiry_(loop.get_executor()) {}

std::size_t ReadPool::connections() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.pipeline != nullptr; }));
}

void ReadPool::read(const Statement& statement, Parameters parameters, std::chrono::milliseconds time, Done done) {
  if (closed_ || unfinished_ >= options_.waiting || !parameters.can_be_sent()) {
    const bool refused = !parameters.can_be_sent();
    asio::post(loop_, [done = std::move(done), refused]() mutable {
      done(fail(database_error(refused ? ErrorCode::bad_request : ErrorCode::busy)));
    });
    return;
  }
  ++unfinished_;
  queue_.push_back({{&statement, std::move(parameters)}, std::move(done), Deadline::in(time)});
  flush_later();
}

void ReadPool::flush_later() {
  if (std::exchange(flush_posted_, true)) return;
  asio::post(loop_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void ReadPool::flush() {
  for (Slot& slot : slots_) open(slot);
  while (!queue_.empty()) {
    Slot* slot = least_busy();
    if (!slot) return watch_queue();
    send(*slot, take_together());
  }
}

/// How many from the front of the queue share the next Sync.
std::size_t ReadPool::take_together() {
  if (queue_.front().alone) return 1;
  const std::size_t most = std::min(queue_.size(), kReadsInOneSync);
  std::size_t count = 1;
  while (count < most && !queue_[count].alone) ++count;
  return count;
}

ReadPool::Slot* ReadPool::least_busy() {
  Slot* best = nullptr;
  for (Slot& slot : slots_) {
    if (!slot.pipeline || !slot.pipeline->is_usable() || slot.pipeline->unfinished() >= kGroupsUnderWay) continue;
    if (!best || slot.reads < best->reads) best = &slot;
  }
  return best;
}

void ReadPool::send(Slot& slot, std::size_t count) {
  std::vector<Read> reads;
  reads.reserve(count);
  Group group;
  group.calls.reserve(count);
  // One that hangs leaves time for another connection.
  Deadline first = queue_.front().deadline;
  for (std::size_t i = 1; i < count; ++i) first = earlier(first, queue_[i].deadline);
  group.deadline = Clock::now() + first.for_run(kFirstShare);
  for (std::size_t i = 0; i < count; ++i) {
    Read& read = reads.emplace_back(std::move(queue_.front()));
    queue_.pop_front();
    ++read.attempts;
    group.calls.push_back(std::move(read.call));
  }
  slot.reads += count;
  const auto index = static_cast<std::size_t>(&slot - slots_.data());
  group.done = [self = shared_from_this(), index, reads = std::move(reads)](Outcome outcome) mutable {
    self->answered(index, std::move(reads), std::move(outcome));
  };
  slot.pipeline->submit(std::move(group));
}

void ReadPool::answered(std::size_t slot, std::vector<Read> reads, Outcome outcome) {
  slots_[slot].reads -= reads.size();
  const std::size_t succeeded = outcome.rows.size();
  for (std::size_t i = 0; i < succeeded; ++i) end(reads[i], std::move(outcome.rows[i]));
  if (succeeded < reads.size()) {
    settle_failure(std::move(reads), std::move(outcome.calls), succeeded,
                   outcome.error.value_or(database_error(ErrorCode::internal)));
  }
  if (!queue_.empty() && !flush_posted_) flush();
  finish_closing();
}

void ReadPool::settle_failure(std::vector<Read> reads, std::vector<Call> calls, std::size_t failed,
                              const Error& error) {
  // Backwards, so that pushing to the front keeps the order.
  for (std::size_t i = reads.size(); i-- > failed;) {
    Read& read = reads[i];
    read.call = std::move(calls[i]);
    const bool at_fault = i == failed;
    const bool too_late = !read.deadline.allows_another_try();
    const bool given_up = at_fault && (!may_be_repeated(error.code) || read.attempts >= kAttempts);
    if (too_late || given_up) {
      // Reading changes nothing, so it does not matter whether it happened.
      const bool lost = error.code == ErrorCode::outcome_unknown;
      end(read, fail(lost || !at_fault ? database_error(ErrorCode::busy) : error));
      continue;
    }
    read.alone = !may_be_repeated(error.code) || read.attempts > 1;
    queue_.push_front(std::move(read));
  }
  if (!queue_.empty()) flush_later();
}

void ReadPool::end(Read& read, Result<Rows> result) {
  --unfinished_;
  read.done(std::move(result));
}

void ReadPool::open(Slot& slot) {
  if (closed_ && unfinished_ == 0) return;
  if (slot.opening || slot.resting || (slot.pipeline && slot.pipeline->is_usable())) return;
  if (slot.pipeline) {
    if (slot.pipeline->unfinished() > 0) return;  // what was sent comes back first
    std::exchange(slot.pipeline, nullptr)->close();
  }
  slot.opening = true;
  const auto index = static_cast<std::size_t>(&slot - slots_.data());
  open_pipeline(loop_, options_.open, [self = shared_from_this(), index](Result<std::shared_ptr<Pipeline>> pipeline) {
    self->opened(index, std::move(pipeline));
  });
}

void ReadPool::opened(std::size_t index, Result<std::shared_ptr<Pipeline>> pipeline) {
  Slot& slot = slots_[index];
  slot.opening = false;
  if (closed_ && unfinished_ == 0) {
    if (pipeline) (*pipeline)->close();
    return finish_closing();
  }
  if (!pipeline) return rest(index);
  slot.back_off.reset();
  slot.pipeline = std::move(*pipeline);
  slot.pipeline->on_lost([self = weak_from_this()] {
    if (const auto pool = self.lock()) pool->flush_later();
  });
  flush();
}

void ReadPool::rest(std::size_t index) {
  slots_[index].resting = true;
  auto timer = std::make_shared<Timer>(loop_.get_executor(), slots_[index].back_off.next());
  timer->async_wait([self = weak_from_this(), index, timer](boost::system::error_code) {
    const auto pool = self.lock();
    if (!pool) return;
    pool->slots_[index].resting = false;
    if (!pool->queue_.empty()) pool->flush();
  });
}

void ReadPool::watch_queue() {
  if (std::exchange(expiry_armed_, true)) return;
  expiry_.expires_after(kExpiryTick);
  expiry_.async_wait([self = weak_from_this()](boost::system::error_code) {
    const auto pool = self.lock();
    if (!pool) return;
    pool->expiry_armed_ = false;
    pool->refuse_expired();
  });
}

void ReadPool::refuse_expired() {
  const auto now = Clock::now();
  std::vector<Read> expired;
  std::erase_if(queue_, [&](Read& read) {
    if (read.deadline.moment() > now) return false;
    expired.push_back(std::move(read));
    return true;
  });
  for (Read& read : expired) end(read, fail(database_error(ErrorCode::busy)));
  if (!queue_.empty()) watch_queue();
  finish_closing();
}

void ReadPool::close(std::move_only_function<void()> done) {
  closed_ = true;
  closed_callback_ = std::move(done);
  finish_closing();
}

void ReadPool::finish_closing() {
  if (!closed_ || unfinished_ > 0) return;
  for (Slot& slot : slots_) {
    if (slot.pipeline) std::exchange(slot.pipeline, nullptr)->close();
    if (slot.opening) return;
  }
  if (closed_callback_) asio::post(loop_, std::exchange(closed_callback_, nullptr));
}

}  // namespace machi::db

#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "db/back_off.h"
#include "db/connection.h"
#include "db/open_pipeline.h"
#include "db/pipeline.h"

namespace machi::db {

/// Reads by key of one loop. Those of one turn travel together with one Sync, up to 64, on the least busy of a few
/// pipelined connections; while two such groups are under way on each, further reads gather. A read that fails takes
/// the rest of its Sync with it: the failed one gets its answer, the rest is repeated singly.
class ReadPool : public std::enable_shared_from_this<ReadPool> {
 public:
  struct Options {
    OpenOptions open;
    std::size_t connections = 2;
    std::size_t waiting = 4096;  ///< waiting and under way; beyond: busy
  };
  using Done = std::move_only_function<void(Result<Rows>)>;

  ReadPool(Loop& loop, Options options);

  /// Calls back within `time`, on the loop, never from within.
  void read(const Statement& statement, Parameters parameters, std::chrono::milliseconds time, Done done);

  /// From now on no read is taken. Calls back when those under way have ended and the connections are closed.
  void close(std::move_only_function<void()> done);

  [[nodiscard]] std::size_t waiting() const { return unfinished_; }
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Read {
    Call call;
    Done done;
    Deadline deadline;
    int attempts = 0;
    bool alone = false;
  };
  struct Slot {
    std::shared_ptr<Pipeline> pipeline{};
    std::size_t reads = 0;
    bool opening = false;
    bool resting = false;  ///< until the next attempt to open it
    BackOff back_off{};
  };

  void flush_later();
  void flush();
  [[nodiscard]] std::size_t take_together();
  [[nodiscard]] Slot* least_busy();
  void send(Slot& slot, std::size_t count);
  void answered(std::size_t slot, std::vector<Read> reads, Outcome outcome);
  void settle_failure(std::vector<Read> reads, std::vector<Call> calls, std::size_t failed, const Error& error);
  void repeat(Read read);
  void end(Read& read, Result<Rows> result);
  void open(Slot& slot);
  void opened(std::size_t slot, Result<std::shared_ptr<Pipeline>> pipeline);
  void rest(std::size_t slot);
  void watch_queue();
  void refuse_expired();
  void finish_closing();

  Loop& loop_;
  Options options_;
  std::vector<Slot> slots_;
  std::deque<Read> queue_;
  std::size_t unfinished_ = 0;
  Timer expiry_;
  bool expiry_armed_ = false;
  bool flush_posted_ = false;
  bool closed_ = false;
  std::move_only_function<void()> closed_callback_;
};

}  // namespace machi::db

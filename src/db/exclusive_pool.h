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

/// Connections of one loop that are lent to one borrower at a time: writes and slow queries. They are opened as work
/// waits, up to the maximum, used last in first out, and reopened with back-off when lost. Those that rest for long are
/// closed, all but one.
class ExclusivePool : public std::enable_shared_from_this<ExclusivePool> {
 public:
  struct Options {
    OpenOptions open;
    std::size_t connections = 1;                 ///< at most
    std::size_t waiting = 1;                     ///< beyond: busy
    std::chrono::milliseconds idle_time{60000};  ///< connections beyond one close when they rest this long
  };
  using Loan = Result<std::unique_ptr<Connection>>;

  ExclusivePool(Loop& loop, Options options);

  /// A connection if one is idle.
  [[nodiscard]] std::unique_ptr<Connection> try_borrow();
  /// Waits for one. Calls back on the loop, never from within.
  void borrow(Deadline until, std::move_only_function<void(Loan)> done);
  /// A connection with unfinished work or inside a transaction is rolled back first; a broken one is replaced.
  void give_back(std::unique_ptr<Connection> connection);

  /// From now on nobody borrows. Calls back when the last connection is back and closed.
  void close(std::move_only_function<void()> done);

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t connections() const { return open_; }

 private:
  struct Idle {
    std::shared_ptr<Pipeline> pipeline;
    Clock::time_point since;
  };
  struct Borrower {
    std::move_only_function<void(Loan)> done;
    Clock::time_point deadline;
  };
  void grow();
  void opened(Result<std::shared_ptr<Pipeline>> pipeline);
  void make_available(std::shared_ptr<Pipeline> pipeline);
  void drop(const std::shared_ptr<Pipeline>& pipeline);
  void watch_idle();
  void close_idle();
  void watch_waiting();
  void refuse_expired();
  void finish_closing();

  Loop& loop_;
  Options options_;
  std::vector<Idle> idle_;  ///< the longest first
  std::deque<Borrower> waiting_;
  std::size_t open_ = 0;     ///< idle or lent
  std::size_t opening_ = 0;  ///< under way, or waiting to be tried again
  BackOff back_off_;
  Timer retry_;
  Timer expiry_;
  Timer idleness_;
  Clock::time_point expiry_armed_ = Clock::time_point::max();  ///< when it will go off
  bool idleness_armed_ = false;
  bool retrying_ = false;
  bool closed_ = false;
  std::move_only_function<void()> closed_callback_;
};

}  // namespace machi::db

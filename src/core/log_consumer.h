#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_scope.h"
#include "core/change_log.h"

namespace machi::core {

/// Work that began with log entries of one window and is not finished. While a copy lives, the consumer's place in the
/// log stays before it.
using LogHold = std::shared_ptr<void>;

/// What a consumer does with the log. All calls come on the consumer's loop.
class LogHandler {
 public:
  virtual ~LogHandler() = default;
  /// Entries in order. The hold is kept until whatever they led to is done or written down elsewhere. Awaited: a slow
  /// handler slows reading.
  [[nodiscard]] virtual Task<> handle(std::vector<LogEntry> entries, LogHold hold) = 0;
  /// The slots that this node answers for now. Called before anything of a new slot is handled. An error: called again.
  [[nodiscard]] virtual Task<Result<>> slots_changed(std::vector<std::int64_t> slots) = 0;
  /// Reading begins at a place that is known now, and what was announced before it is not read: take current state.
  /// An error: called again.
  [[nodiscard]] virtual Task<Result<>> restart() = 0;
};

/// One consumer of the change log on one node. The slots of a consumer are shared out among the live nodes by leases of
/// five seconds with a fencing number; a slot's place in the log is kept in the database, so that a crash repeats work
/// but loses none. A node that starts takes the leases of its own name over at once: their holder was its predecessor,
/// and if that should still live, the fencing number shuts it out.
class LogConsumer {
 public:
  struct Options {
    std::string name;
    std::string node;  ///< no two live nodes have the same
    std::chrono::milliseconds lease{5000};
    std::chrono::milliseconds heartbeat{1000};
    std::chrono::milliseconds idle_poll{100};  ///< how soon changes of other nodes are seen
    std::chrono::milliseconds distance{2};     ///< between readings at least: many commits share one
    std::int64_t batch = 500;
    int slots = 64;
  };
  LogConsumer(db::Database& database, Options options, LogHandler& handler);
  ~LogConsumer();

  void start();
  /// Something was committed on this node. Thread-safe.
  void wake();
  /// No further window is begun; waits for the end of the present one, at most for `patience`. Leases are kept.
  [[nodiscard]] Task<> end_reading(std::chrono::milliseconds patience);
  /// Ends at once, gives the leases back. The place of what is unfinished is kept.
  [[nodiscard]] Task<> stop();

  /// Seconds since the oldest change that this node has not yet finished with; 0 when it is up to date.
  [[nodiscard]] double lag_seconds() const { return lag_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t slots_held() const { return slots_held_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    std::uint64_t horizon = 0;  ///< where reading of this slot begins
    std::int64_t fencing = 0;
  };
  struct Window {
    LogWindow range;
    std::weak_ptr<void> hold;
    Timestamp oldest;  ///< when the first change in it was made
  };

  /// What is being read. A failure of the database interrupts it; then reading goes on where it stopped.
  struct Reading {
    LogWindow range;
    std::map<std::int64_t, Slot> slots;  ///< held when it began
    LogHold hold;
    std::int64_t after = 0;  ///< sequence up to which it has been handled
    bool any = false;
  };

  [[nodiscard]] Task<> run();
  [[nodiscard]] Task<> keep_leases();
  [[nodiscard]] Task<Result<>> create_rows();
  [[nodiscard]] Task<Result<>> renew();
  [[nodiscard]] Task<Result<>> save_places();
  /// Tells the handler what it must know before the next window is read.
  [[nodiscard]] Task<Result<>> prepare_handler();
  /// Reads what is complete by now; answers whether there was anything.
  [[nodiscard]] Task<Result<bool>> read_window();
  [[nodiscard]] Task<Result<bool>> begin_reading();
  [[nodiscard]] Task<Result<>> read_entries();
  [[nodiscard]] std::vector<LogEntry> wanted(std::vector<LogEntry> entries) const;
  [[nodiscard]] Task<> pause(std::chrono::milliseconds duration);
  [[nodiscard]] Task<> keep_distance();
  void forget_finished();
  [[nodiscard]] std::uint64_t finished_place() const;
  void add_held(db::Parameters& parameters) const;
  void take_over(const db::Rows& rows);

  db::Database& database_;
  Options options_;
  LogHandler& handler_;
  LogReader reader_;
  TaskScope scope_;
  LoopTimer sleeper_;
  LoopTimer heart_;
  LoopTimer spacer_;
  std::chrono::steady_clock::time_point next_reading_{};
  std::map<std::int64_t, Slot> held_;
  std::deque<Window> windows_;  ///< read, and not all finished
  std::optional<Reading> reading_;
  std::uint64_t next_ = 0;  ///< first transaction that has not been read
  std::int64_t epoch_ = 0;
  bool restarted_ = false;     ///< the handler has taken current state
  bool slots_differ_ = false;  ///< from those that the handler was told last
  bool first_renewal_ = true;
  bool running_ = false;  ///< run is under way
  bool ending_ = false;   ///< no further window is begun
  bool stopping_ = false;
  bool woken_ = false;
  std::atomic<double> lag_{0};
  std::atomic<std::size_t> slots_held_{0};
};

}  // namespace machi::core

#pragma once
#include <libpq-fe.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "db/connection.h"

namespace machi::db {

using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Loop::executor_type>;

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, CloseConnection>;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// What became of a group.
struct Outcome {
  std::vector<Call> calls;     ///< handed back, to be repeated or dropped
  std::vector<Rows> rows;      ///< of the calls that succeeded: all, or those before the one that failed
  std::optional<Error> error;  ///< of call number rows.size(), or of the end of the group
};

/// Calls that travel with one Sync.
struct Group {
  std::vector<Call> calls;
  Clock::time_point deadline;
  std::move_only_function<void(Outcome)> done;  ///< on the loop, exactly once, never from within `submit`
};

/// The engine under Connection and the pools: one libpq connection in pipeline mode, on one loop, by callbacks.
///
/// A group becomes: for each statement that this connection meets for the first time a Parse with a Sync of its own (so
/// that an error elsewhere cannot undo it), then the calls and one Sync. Results come back in the same order;
/// `flights_` remembers what is awaited. While a cancel request is under way nothing new is sent, so that it can only
/// hit the group that it is meant for, or one that was already sent behind it, which then ends with busy.
class Pipeline : public std::enable_shared_from_this<Pipeline> {
  struct Private {};

 public:
  /// Takes a connected handle. Empty when it cannot enter pipeline mode. The owner calls `close` before letting go.
  [[nodiscard]] static std::shared_ptr<Pipeline> start(Loop& loop, ConnectionHandle connection);
  Pipeline(Private, Loop& loop, ConnectionHandle connection);
  ~Pipeline() { release(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void submit(Group group);

  /// Ends the connection now. Groups not sent end with busy, those sent with outcome_unknown.
  void close();

  [[nodiscard]] bool is_usable() const { return connection_ && !retired_; }
  /// Neither work nor an open transaction.
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] std::size_t unfinished() const { return unfinished_; }

  /// Called once, on the loop, when the connection is lost (not after `close`).
  void on_lost(std::move_only_function<void()> callback) { on_lost_ = std::move(callback); }
  void on_notification(std::function<void(std::string_view, std::string_view)> callback) {
    on_notification_ = std::move(callback);
  }
  [[nodiscard]] Loop& loop() const { return loop_; }

 private:
  struct Prepared {
    std::string server_name;
    std::string sql;
    int generation = 0;
    bool sent = false;
    std::optional<Error> error;
  };
  /// What one Sync on the wire is about: a group, or the preparation of a statement.
  struct Flight {
    std::optional<Group> group;
    Prepared* preparing = nullptr;
    std::vector<Rows> rows{};
    std::optional<Error> error{};
    bool protocol_stuck = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  // Sending.
  void pump();
  void send(Group group);
  bool send_preparation(Prepared& prepared);
  bool send_call(const Call& call);
  bool send_sync();
  Prepared* find_prepared(const Statement& statement);
  void flush();

  // Receiving.
  void wait_readable();
  void wait_writable();
  void read();
  bool read_results();
  void take(ResultHandle result);
  void take_failure(ResultHandle result);
  Error judge(Flight& flight, const PGresult* result);
  void finish_front();
  void read_notifications();

  // Ending.
  void finish(Flight flight);
  void deliver();
  void deliver_later();
  void lose(std::string_view why);
  void release();

  // Deadlines.
  void watch(Clock::time_point deadline);
  void check_deadlines();
  [[nodiscard]] const Group* oldest_group() const;
  void cancel();
  static void on_notice(void* self, const PGresult* result);

  Loop& loop_;
  ConnectionHandle connection_;
  asio::posix::basic_stream_descriptor<Loop::executor_type> descriptor_;
  Timer timer_;
  std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>> prepared_;
  std::deque<Group> waiting_;
  std::deque<Flight> flights_;
  std::deque<std::pair<Group, Outcome>> finished_;
  std::size_t unfinished_ = 0;
  std::move_only_function<void()> on_lost_;
  std::function<void(std::string_view, std::string_view)> on_notification_;
  Clock::time_point watched_ = Clock::time_point::max();
  int empty_answers_ = 0;
  bool reading_ = false;
  bool delivering_ = false;
  bool write_blocked_ = false;
  bool cancelling_ = false;
  /// The server acts on a request to cancel some time after it has taken it: until then it may hit what follows.
  Clock::time_point stray_cancel_until_{};
  bool retired_ = false;
  bool server_ended_it_ = false;
};

}  // namespace machi::db

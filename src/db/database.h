#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "db/connection.h"

namespace machi::db {

struct DatabaseOptions {
  std::string url;                  ///< libpq connection string
  bool on_this_machine = false;     ///< the server's processes do: slow connections then give way to the others
  int read_connections = 2;         ///< a loop; pipelined, shared by all reads by key
  int write_connections = 4;        ///< a loop, at most; exclusive while a batch runs; opened as work waits
  int slow_connections = 4;         ///< a loop, at most; queries that may scan
  std::size_t slow_waiting = 64;    ///< a loop; beyond: busy
  std::size_t read_waiting = 4096;  ///< a loop; beyond: busy
  std::size_t write_waiting = 256;  ///< leases waited for on a loop; beyond: busy
  std::chrono::milliseconds connect_time{5000};
  /// After this a read by key, a transact or the wait for a write connection has been answered, whatever the server
  /// does.
  std::chrono::milliseconds answer_time{10000};
  std::chrono::milliseconds slow_time{20000};  ///< also the statement_timeout of slow connections
  std::chrono::milliseconds idle_time{60000};  ///< exclusive connections beyond one close when they rest this long
};

/// The database as one loop sees it: pools of connections that never leave the loop and are reopened with back-off when
/// lost. It outlives the calls made to it; what is under way when it is destroyed without `close` ends with an error.
class Database {
 public:
  Database(Loop& loop, DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A read by key. Reads of one turn of the loop travel together, on the least busy read connection, with one Sync;
  /// when one of them fails the others of its Sync are repeated singly.
  [[nodiscard]] Task<Result<Rows>> read(const Statement& statement, Parameters parameters);
  /// The same with a time limit of its own, shorter than answer_time.
  [[nodiscard]] Task<Result<Rows>> read(const Statement& statement, Parameters parameters,
                                        std::chrono::milliseconds time);

  /// A query that may take long: on a connection of its own with a statement time limit. `sql` may be built at run time
  /// (placeholders only, never values); it is planned with its parameters' values each time.
  [[nodiscard]] Task<Result<Rows>> slow(std::string sql, Parameters parameters);

  /// An exclusive connection. Returned to the pool when the lease is destroyed; a connection left inside a transaction
  /// is rolled back, a broken one replaced.
  class Lease {
   public:
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) noexcept;
    ~Lease();
    Connection* operator->() const;
    Connection& operator*() const;

   private:
    friend class Database;
    struct State;
    explicit Lease(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  [[nodiscard]] Task<Result<Lease>> write_connection();
  [[nodiscard]] Task<Result<Lease>> write_connection(Deadline until);

  /// Runs the calls as one transaction on a write connection and gives their rows. An uncertain commit is settled by
  /// was_committed; if it cannot be, the error is outcome_unknown. Conflicts and connections lost before the commit was
  /// sent are repeated up to three times, within answer_time.
  [[nodiscard]] Task<Result<std::vector<Rows>>> transact(std::vector<Call> calls);

  /// After outcome_unknown: whether the transaction committed, asked on a new connection, retried until `patience` is
  /// over. `mark` is what kTransactionMark gave within it. A bare pg_current_xact_id() is taken too, but is not safe
  /// against a crash of the server, after which numbers may be used again. Error outcome_unknown if it cannot be found
  /// out.
  [[nodiscard]] Task<Result<bool>> was_committed(std::string mark, std::chrono::milliseconds patience);

  struct Gauges {
    std::size_t reads_waiting, slow_waiting, writes_waiting, connections;
  };
  [[nodiscard]] Gauges gauges() const;

  /// Closes all connections once their work is done. After it every call answers busy.
  [[nodiscard]] Task<> close();
  [[nodiscard]] Loop& loop() const;
  /// When an answer that is asked for now is due: see DatabaseOptions::answer_time.
  [[nodiscard]] Deadline deadline() const;

 private:
  struct State;
  [[nodiscard]] Task<Result<std::vector<Rows>>> transact_once(std::vector<Call> calls, Deadline until);
  [[nodiscard]] Task<Result<bool>> ask_status(std::string xid, std::string epoch, Deadline until);
  std::shared_ptr<State> state_;
};

}  // namespace machi::db

#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/timestamp.h"
#include "db/deadline.h"

struct pg_result;

namespace machi::db {

/// A named statement. Static constants in the features' `store` files; prepared on a connection when it first meets it.
/// `name` is unique in the program. Parameter types come from the SQL (`$1::bigint[]`).
struct Statement {
  std::string_view name;
  std::string_view sql;
};

/// Parameters of one call, in order, in one buffer. Scalars and arrays of numbers go in text format, so they need no
/// OIDs and fit whatever type the SQL gives them; what goes in binary says so. Bytes are copied. Text that PostgreSQL
/// cannot hold (a NUL) is remembered, and `run` answers bad_request without sending anything.
class Parameters {
 public:
  Parameters& add(std::string_view text);
  Parameters& add(const char* text) { return add(std::string_view(text)); }
  Parameters& add(const std::string& text) { return add(std::string_view(text)); }
  Parameters& add(std::int64_t value);
  Parameters& add(int value) { return add(static_cast<std::int64_t>(value)); }
  Parameters& add(double value);
  Parameters& add(bool value);
  Parameters& add(Timestamp value);  ///< timestamptz
  Parameters& add_null();
  template <typename T>
  Parameters& add(const std::optional<T>& value) {
    return value ? add(*value) : add_null();
  }
  /// One array parameter. Elements given as empty optional are NULL. Strings go in binary, which the server takes
  /// without parsing (64 documents of 1 kB: a third of the time): only for `$n::text[]`, varchar[] and json[]; others
  /// are cast after `unnest`.
  Parameters& add_array(std::span<const std::string> values);
  Parameters& add_array(std::span<const std::string_view> values);
  Parameters& add_array(std::span<const std::optional<std::string>> values);
  Parameters& add_array(std::span<const std::int64_t> values);
  Parameters& add_array(std::span<const Timestamp> values);                 ///< timestamptz[], in binary
  Parameters& add_array(std::span<const std::optional<Timestamp>> values);  ///< timestamptz[], in binary
  Parameters& add_array(std::span<const std::optional<double>> values);
  Parameters& add_array(const std::vector<bool>& values);
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// For the connection: pointers live as long as this object is unchanged; null for NULL. Text ends with a NUL.
  [[nodiscard]] const char* value(std::size_t i) const {
    return slots_[i].length < 0 ? nullptr : bytes_.data() + slots_[i].offset;
  }
  [[nodiscard]] int length(std::size_t i) const { return slots_[i].length; }
  [[nodiscard]] bool is_binary(std::size_t i) const { return slots_[i].binary; }
  /// False when a text held a NUL, or when all parameters together exceed what one message of PostgreSQL takes.
  [[nodiscard]] bool can_be_sent() const { return valid_ && bytes_.size() < (1U << 30U) - 65536; }

 private:
  struct Slot {
    std::size_t offset;
    int length;  ///< -1: NULL
    bool binary;
  };
  void begin();
  Parameters& end(bool binary = false);
  void append_big_endian(std::uint64_t value, int bytes);
  template <typename T>
  Parameters& add_binary_array(std::span<const T> values);

  std::string bytes_;
  std::vector<Slot> slots_;
  std::size_t begin_ = 0;
  bool valid_ = true;
};

/// Rows of a result, in text format. Shares the underlying result: cheap to copy, views live as long as any copy.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool is_null(std::size_t row, int column) const;
  [[nodiscard]] std::string_view text(std::size_t row, int column) const;
  [[nodiscard]] std::int64_t integer(std::size_t row, int column) const;
  [[nodiscard]] double number(std::size_t row, int column) const;
  [[nodiscard]] bool boolean(std::size_t row, int column) const;
  /// For columns selected as microseconds: `(extract(epoch from t) * 1000000)::bigint`.
  [[nodiscard]] Timestamp timestamp(std::size_t row, int column) const { return {integer(row, column)}; }
  /// Rows that an insert, update or delete touched.
  [[nodiscard]] std::int64_t affected() const;

 private:
  std::shared_ptr<pg_result> result_;
};

struct Call {
  const Statement* statement;
  Parameters parameters{};
};

/// Transaction control as statements, for pipelines.
extern const Statement kBegin;
extern const Statement kCommit;
extern const Statement kRollback;

/// Gives the mark by which Database::was_committed recognises the transaction in which it runs (one row, one column).
extern const Statement kTransactionMark;

class Pipeline;
class ExclusivePool;

/// One libpq connection in pipeline mode, on one loop. `run` of several tasks may overlap: they are sent in order.
/// Every error has a typed code: conflict (unique or exclusion violation, serialization failure, deadlock; may be
/// repeated), timeout (statement or lock timeout, deadline), busy (connection lost before anything was sent, server
/// starting or stopping, too many connections), no_resources (disk full, out of memory), bad_request (value that
/// PostgreSQL cannot hold: 22xxx), outcome_unknown (connection lost after sending), internal (everything else; the
/// SQLSTATE and message go to the log, never into the Error).
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects. `parameters`: libpq connection string. Sessions speak UTF-8 and UTC. Errors: busy.
  [[nodiscard]] static Task<Result<std::unique_ptr<Connection>>> connect(Loop& loop, std::string parameters,
                                                                         std::chrono::milliseconds timeout);

  /// Sends the calls and one Sync in a single write, and waits for all results. Outside an explicit transaction the
  /// calls are one transaction; the first error aborts the rest and is what is returned. Inside one (kBegin earlier)
  /// the caller ends it with kCommit or kRollback; after an error it must send kRollback. Statements live until it
  /// returns. A run past its deadline is cancelled; if the server does not even answer that within kCancelTime, the
  /// connection is given up and the error is outcome_unknown.
  [[nodiscard]] Task<Result<std::vector<Rows>>> run(std::vector<Call> calls, std::chrono::milliseconds deadline);

  /// Waits for notifications (LISTEN) and calls back on the loop. Set before the first LISTEN.
  void on_notification(std::function<void(std::string_view channel, std::string_view payload)> callback);

  [[nodiscard]] bool is_usable() const;

 private:
  friend class Database;
  friend class ExclusivePool;
  explicit Connection(std::shared_ptr<Pipeline> pipeline);
  std::shared_ptr<Pipeline> pipeline_;
};

}  // namespace machi::db

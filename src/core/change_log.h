#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/timestamp.h"
#include "db/database.h"

namespace machi::core {

/// What a log row tells of.
enum class ChangeKind : std::uint8_t { entity = 1, subscription = 2, registration = 3, tenant = 4 };

/// One accepted change, as the log holds it (rule 1 of the design). Views point into `rows`.
struct LogEntry {
  std::int64_t sequence = 0;
  std::uint64_t transaction = 0;
  Timestamp recorded{};
  ChangeKind kind = ChangeKind::entity;
  int slot = 0;
  std::int32_t tenant = 0;
  std::int64_t entity_key = 0;
  std::int64_t version = 0;
  int alterations = 0;
  std::string_view id, type, service_path, correlator, principal;
  std::string_view document;  ///< entity after the change, or the definition that changed
  std::string_view detail;    ///< for entities: what was altered and the before-image
  db::Rows rows{};
};

/// A part of the log that is complete: no transaction below `end` is still running, so nothing can appear in it later.
struct LogWindow {
  std::uint64_t begin = 0;  ///< first transaction id of the window
  std::uint64_t end = 0;    ///< first transaction id after it
};

/// Reads the log window by window, each in the order of its sequence, which is the order of versions of every entity.
/// Two consecutive windows never hold the changes of one entity out of order: a later change locks the row after the
/// earlier one has committed.
class LogReader {
 public:
  explicit LogReader(db::Database& database) : database_(database) {}

  /// The first transaction that is still running: the end of what can be read now.
  [[nodiscard]] Task<Result<std::uint64_t>> horizon();
  /// Identity of the database cluster; it changes when one is restored from a dump, and then positions mean nothing.
  [[nodiscard]] Task<Result<std::int64_t>> epoch();
  /// Up to `limit` entries of a window after `after` (a sequence, 0 for the beginning); of entities only those of
  /// `slots`.
  [[nodiscard]] Task<Result<std::vector<LogEntry>>> read(LogWindow window, std::int64_t after,
                                                         std::vector<std::int64_t> slots, std::int64_t limit);

 private:
  /// What was known at some moment: rows of transactions from `horizon` on were recorded after `time`, less kGrace.
  struct Mark {
    std::uint64_t horizon = 0;
    Timestamp time{};
  };
  /// Covers clocks of nodes that differ, and the longest transaction.
  static constexpr std::chrono::hours kGrace{1};
  static constexpr std::chrono::minutes kMarkEvery{1};
  void note(std::uint64_t horizon, Timestamp time);
  [[nodiscard]] Timestamp recorded_after(std::uint64_t transaction) const;

  db::Database& database_;
  Mark older_{};  ///< for windows that begin before `newer_`
  Mark newer_{};
};

/// A call that appends a row which tells the nodes that a declaration (subscription, registration, tenant) has changed.
/// Goes into the transaction of the change. `document`: the new definition, empty when it was removed.
[[nodiscard]] db::Call announce(ChangeKind kind, std::int32_t tenant, std::string_view id, std::string_view document,
                                std::string_view correlator, std::string_view principal);

}  // namespace machi::core

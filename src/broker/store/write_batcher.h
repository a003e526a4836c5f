#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/suspend.h"
#include "base/task_scope.h"
#include "broker/entity_store.h"
#include "broker/store/batch_gathering.h"
#include "broker/store/service_rate.h"
#include "broker/store/tenant_rules.h"
#include "core/metrics.h"
#include "db/database.h"

namespace machi::broker {

/// Group commit. Changes of one turn of the loop, and those that come just after a batch was answered (BatchGathering),
/// become one transaction on one connection: rows are locked and read, changes are applied in memory in order of
/// arrival, state, log and history are written set-based. While a batch runs the queue grows; further batches run
/// beside it when enough work waits. A change to an entity that a running batch holds waits for that batch, so that hot
/// entities fold instead of queueing on row locks. A batch that fails is halved until the culprit stands alone; one
/// that lost a race is applied again. Changes that have waited for most of their time are refused instead of being
/// begun.
class WriteBatcher {
 public:
  struct Options {
    std::size_t batch_size = 128;  ///< changes in one transaction at most
    std::size_t batches = 4;       ///< running at once at most: the loop's write connections
    std::size_t waiting = 16384;   ///< changes that wait at most; beyond: busy
    /// Changes that would probably wait longer, behind a whole batch at least, are refused: under overload a quick
    /// refusal serves a client better than an answer after seconds.
    std::chrono::milliseconds longest_wait{1000};
    std::size_t grow_at = 32;                 ///< waiting changes for each further batch beside the first
    std::chrono::milliseconds slow_batch{2};  ///< a batch older than this lets the next one start at once (slow disks)
    /// After this a change has been answered, whatever the database does: refused while it is certain that nothing was
    /// written, as of unknown outcome else.
    std::chrono::milliseconds answer_time{10000};
    std::chrono::milliseconds run_time{10000};  ///< for one step of a transaction, at most
  };
  struct Meters {
    core::Counter* batches;
    core::Counter* changes;
    core::Counter* retries;
  };

  /// `committed` is called after each commit, on the loop: it wakes the readers of the log.
  WriteBatcher(db::Database& database, const TenantRules& rules, Options options, Meters meters,
               std::function<void()> committed);

  [[nodiscard]] Task<Result<ChangeOutcome>> submit(EntityChange change);
  [[nodiscard]] Task<std::vector<Result<ChangeOutcome>>> submit_all(std::vector<EntityChange> changes);

  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  /// Done when everything accepted has been answered. After it every submit answers busy.
  [[nodiscard]] Task<> close();

 private:
  using EntityName = std::pair<TenantId, std::string>;
  struct Pending {
    EntityChange change;
    Resume<Result<ChangeOutcome>> resume;
    db::Deadline until;  ///< the answer is due
  };
  using Batch = std::vector<Pending>;

  [[nodiscard]] bool has_room(std::size_t changes) const;
  void enqueue(Pending pending);
  void schedule();
  [[nodiscard]] std::chrono::steady_clock::time_point last_moment_to_begin(const Pending& pending) const;
  void refuse_late();
  [[nodiscard]] Task<> watch_queue();
  void start_batches();
  [[nodiscard]] bool may_start();
  void gather(std::size_t answered, std::chrono::steady_clock::duration took);
  [[nodiscard]] Batch take_batch();
  [[nodiscard]] Task<> run(Batch batch);
  [[nodiscard]] Task<> commit_or_split(Batch batch, int attempt);
  [[nodiscard]] Task<Result<std::vector<Result<ChangeOutcome>>>> attempt_commit(std::vector<EntityChange*> changes,
                                                                                db::Deadline until);
  [[nodiscard]] Task<Result<>> settle(std::string transaction, db::Deadline until);
  [[nodiscard]] std::chrono::milliseconds run_time(db::Deadline until, double share) const;
  [[nodiscard]] std::optional<EntityKey> take_keys(std::size_t count);
  void begin_key_block(std::int64_t block);
  void release(const Batch& batch);
  static void answer(Batch& batch, std::vector<Result<ChangeOutcome>> outcomes);

  db::Database& database_;
  const TenantRules& rules_;
  Options options_;
  Meters meters_;
  std::function<void()> committed_;
  TaskScope scope_;
  LoopTimer queue_timer_;
  std::deque<Pending> queue_;  ///< who waits longest first
  std::set<EntityName> in_flight_;
  std::size_t running_ = 0;
  std::chrono::steady_clock::time_point last_start_{};
  BatchGathering gathering_;
  LoopTimer gathering_timer_;
  ServiceRate rate_;
  bool scheduled_ = false;
  bool watching_ = false;
  bool closed_ = false;
  std::int64_t next_key_ = 0;
  std::int64_t keys_left_ = 0;
};

}  // namespace machi::broker

#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_scope.h"
#include "core/schedule.h"
#include "db/database.h"

namespace machi::core {

/// A job of a feature: what runs, and when unless its row in the database says otherwise.
struct Job {
  std::string_view name;
  std::string_view schedule;  ///< see Schedule
  /// Does the work and answers what it did, for the job's history. Runs on the background loop.
  std::function<Task<Result<std::string>>()> run;
  /// Makes a run under way end soon, for those that may take long. Called on the loop when the runner stops.
  std::function<void()> cancel{};
};

/// Runs jobs on one node at a time: a run holds the job's row by a lease that is renewed while it works. A failed run
/// is repeated with growing distance (a minute, doubled up to an hour, but never later than its schedule); every run is
/// kept in machi.job_run for 90 days.
class JobRunner {
 public:
  JobRunner(db::Database& database, std::string node, std::vector<Job> jobs);
  void start();
  /// Waits for runs under way.
  [[nodiscard]] Task<> stop();

 private:
  [[nodiscard]] Task<> loop();
  [[nodiscard]] Task<Result<>> enrol();
  [[nodiscard]] Task<> run_due();
  [[nodiscard]] Task<> run_one(const Job* job, std::int64_t attempts);
  struct Lease {
    explicit Lease(Loop& loop) : timer(loop) {}
    LoopTimer timer;
    bool ended = false;
  };
  [[nodiscard]] Task<> keep_lease(std::string_view name, std::shared_ptr<Lease> lease);

  db::Database& database_;
  std::string node_;
  std::vector<Job> jobs_;
  TaskScope scope_;
  LoopTimer timer_;
  bool stopping_ = false;
};

}  // namespace machi::core

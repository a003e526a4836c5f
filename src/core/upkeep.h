#pragma once
#include <chrono>
#include <string_view>
#include <vector>

#include "core/jobs.h"
#include "db/database.h"

namespace machi::core {

/// Makes the partitions of the coming hours: run once at each start, and by a job. Every reading of the log locks each,
/// so they are few; a write with a clock further ahead than they reach is refused.
inline constexpr std::string_view kMakePartitions = "select machi.ensure_partitions(interval '6 hours')";

/// How long rows stay.
struct Retention {
  std::chrono::milliseconds change_log;  ///< at most, whether every consumer has read them or not
  std::chrono::milliseconds audit;       ///< 0: for ever
};

/// The jobs of what this folder keeps: partitions of the change log made ahead, and dropped when every consumer has
/// passed them or they are too old; audit records deleted when they are too old.
[[nodiscard]] std::vector<Job> upkeep_jobs(db::Database& database, Retention keep);

}  // namespace machi::core

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

/// The jobs that keep the change log in order: partitions made ahead, partitions dropped that every consumer has passed
/// or that are older than `keep`.
[[nodiscard]] std::vector<Job> upkeep_jobs(db::Database& database, std::chrono::milliseconds keep);

}  // namespace machi::core

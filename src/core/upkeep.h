#pragma once
#include <chrono>
#include <vector>

#include "core/jobs.h"
#include "db/database.h"

namespace machi::core {

/// The jobs that keep the change log in order: partitions made ahead, partitions dropped that every consumer has passed
/// or that are older than `keep`.
[[nodiscard]] std::vector<Job> upkeep_jobs(db::Database& database, std::chrono::milliseconds keep);

}  // namespace machi::core

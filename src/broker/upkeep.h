#pragma once
#include <chrono>
#include <vector>

#include "core/jobs.h"
#include "db/database.h"

namespace machi::broker {

/// The broker's jobs: removal of expired entities, retention of history. `keep_history`: for tenants and types without
/// a rule of their own; zero keeps it for ever.
[[nodiscard]] std::vector<core::Job> upkeep_jobs(db::Database& database, std::chrono::milliseconds keep_history);

}  // namespace machi::broker

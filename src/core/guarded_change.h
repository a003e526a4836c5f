#pragma once
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "db/database.h"

namespace machi::core {

/// Runs `change`; when it touched a row, `consequences` (announcement, audit record) with it, as one transaction.
/// False: it touched none, and nothing was written. An uncertain commit is settled; if it cannot be, the error is
/// outcome_unknown.
[[nodiscard]] Task<Result<bool>> change_with(db::Database* database, db::Call change,
                                             std::vector<db::Call> consequences);

}  // namespace machi::core

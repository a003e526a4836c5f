#pragma once
#include <string>

#include "core/jobs.h"
#include "db/database.h"

namespace machi::broker {

/// The job that brings the indexes of the entity table to what is declared (kind indexed_attribute): builds them
/// concurrently, one after the other, and drops what nobody declares any more. It works on a connection of its own,
/// because a build may take longer than any query. What came of it stands in machi.attribute_index. A failed build is
/// tried again after ten minutes; one that was interrupted is begun anew.
[[nodiscard]] core::Job attribute_index_job(db::Database& database, std::string url);

}  // namespace machi::broker

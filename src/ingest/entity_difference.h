#pragma once
#include <optional>

#include "broker/model/change.h"
#include "broker/model/entity.h"
#include "ingest/row_mapper.h"

namespace machi::ingest {

/// What has to be written so that `current` (nullptr: there is none) says what the row says: the row's change reduced
/// to attributes that differ, and null for those that the row leaves blank now. Empty when nothing differs.
[[nodiscard]] std::optional<broker::EntityChange> difference(const broker::Entity* current, const MappedRow& row);

}  // namespace machi::ingest

#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace machi::broker::ngsiv2 {

/// What became of one entity of a batch.
struct BatchItem {
  std::string label;               ///< entity_label: `E1/T`, or `E1`
  std::optional<Error> refused{};  ///< all of it (not_found, unprocessable, …) or, for partial_update, a part
};

/// The one answer to `POST /v2/op/update`: nothing when all went well. Refusals of attributes and entities that do not
/// exist are told in one sentence ("do not exist: E1/T - [ B ], E2/T [entity itself]"); PartialUpdate when something
/// was applied, else NotFound when there is no entity at all, Unprocessable in other cases. Any other error goes before
/// those.
[[nodiscard]] std::optional<Error> merge_outcomes(const std::vector<BatchItem>& items);

}  // namespace machi::broker::ngsiv2

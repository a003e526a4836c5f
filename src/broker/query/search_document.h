#pragma once
#include <string>
#include <vector>

#include "broker/model/entity.h"

namespace machi::broker::query {

/// The JSON of the `search` column, which only serves SQL filters (docs/query.md, "The search column"):
/// `{"temperature":{"n":23.5,"m":{"accuracy":{"n":1}}},"since":{"d":1456308000000000}}`. Values are copied, not parsed.
[[nodiscard]] std::string search_document(const std::vector<Attribute>& attributes);

}  // namespace machi::broker::query

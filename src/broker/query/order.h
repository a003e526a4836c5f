#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// Parses `orderBy`: "temperature,!humidity", "geo:distance". Empty text: no terms. Error: bad_request "duplicate
/// orderBy token detected" (also for `a,!a`).
[[nodiscard]] Result<std::vector<OrderTerm>> parse_order_by(std::string_view text);

/// The order of docs/query.md in memory: negative when `a` comes first. Time of creation and key decide ties.
/// `geo:distance` is not known here and orders nothing.
[[nodiscard]] int compare(const Entity& a, const Entity& b, const std::vector<OrderTerm>& order);

}  // namespace machi::broker::query

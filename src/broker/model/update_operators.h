#pragma once
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/model/change.h"

namespace machi::broker {

/// The operator that a member name stands for (`$inc`), `none` for any other name.
[[nodiscard]] UpdateOperator parse_operator(std::string_view name);
[[nodiscard]] std::string_view name_of(UpdateOperator op);

/// What operators find: the value before, how to compare, and whether there was an entity at all.
struct OperatorTarget {
  const JsonText* present = nullptr;  ///< nullptr: the attribute does not exist
  bool is_date = false;               ///< values are moments
  bool creating = false;              ///< entity is being created or replaced: numbers start from 0, moments from 1970
};

/// Applies the operators in order. Nothing: the attribute does not come to be ($pull, $pullAll and $unset of what does
/// not exist). Error unprocessable, naming the operator, when the value before or the operand is of the wrong kind.
[[nodiscard]] Result<std::optional<JsonText>> apply_operators(
    const OperatorTarget& target, const std::vector<std::pair<UpdateOperator, JsonText>>& operators);

}  // namespace machi::broker

#include "broker/model/update_operators.h"

#include <algorithm>
#include <array>
#include <compare>
#include <string>

#include "base/json.h"
#include "broker/model/datetime.h"

namespace machi::broker {
namespace {

constexpr std::array<std::pair<std::string_view, UpdateOperator>, 10> kNames{{
    {"$inc", UpdateOperator::increment},
    {"$mul", UpdateOperator::multiply},
    {"$min", UpdateOperator::minimum},
    {"$max", UpdateOperator::maximum},
    {"$push", UpdateOperator::push},
    {"$addToSet", UpdateOperator::add_to_set},
    {"$pull", UpdateOperator::pull},
    {"$pullAll", UpdateOperator::pull_all},
    {"$set", UpdateOperator::set},
    {"$unset", UpdateOperator::unset},
}};

/// The value on its way through the operators; nothing while the attribute does not exist.
using Value = std::optional<Json>;

Failure wrong(UpdateOperator op, std::string_view what) {
  return fail(ErrorCode::unprocessable, std::string(name_of(op)).append(" cannot be applied: ").append(what));
}

Result<Value> calculate(UpdateOperator op, Value value, const Json& operand) {
  if (!operand.is_number()) return wrong(op, "its operand is not a number");
  if (value && !value->is_number()) return wrong(op, "the present value is not a number");
  const Json present = value.value_or(Json(0));
  if (present.is_integer() && operand.is_integer()) {
    std::int64_t exact = 0;
    const bool overflow = op == UpdateOperator::increment
                              ? __builtin_add_overflow(present.as_integer(), operand.as_integer(), &exact)
                              : __builtin_mul_overflow(present.as_integer(), operand.as_integer(), &exact);
    if (!overflow) return Value(Json(exact));
  }
  const double result = op == UpdateOperator::increment ? present.as_number() + operand.as_number()
                                                        : present.as_number() * operand.as_number();
  if (!std::isfinite(result)) return wrong(op, "the result is beyond the range of numbers");
  return Value(Json(result));
}

/// Values of different kinds are ordered null, numbers, strings, objects, arrays, booleans.
int rank(const Json& json) {
  if (json.is_null()) return 0;
  if (json.is_number()) return 1;
  if (json.is_string()) return 2;
  if (json.is_object()) return 3;
  if (json.is_array()) return 4;
  return 5;
}

std::partial_ordering order(const Json& a, const Json& b, bool is_date) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  if (a.is_number()) return a.as_number() <=> b.as_number();
  if (a.is_bool()) return a.as_bool() <=> b.as_bool();
  if (!a.is_string()) return a.dump() <=> b.dump();
  if (is_date) {
    const auto left = parse_datetime(a.as_string());
    const auto right = parse_datetime(b.as_string());
    if (left && right) return *left <=> *right;
  }
  return a.as_string() <=> b.as_string();
}

Result<Value> choose(UpdateOperator op, Value value, const Json& operand, const OperatorTarget& target) {
  if (!value && target.creating) {
    if (target.is_date) value = Json(canonical_datetime(Timestamp{}));
    if (!target.is_date && operand.is_number()) value = Json(0);
  }
  if (!value) return Value(operand);
  const auto relation = order(operand, *value, target.is_date);
  const bool replaces = op == UpdateOperator::minimum ? relation < 0 : relation > 0;
  return replaces ? Value(operand) : std::move(value);
}

/// The items that $push and $addToSet bring: `{"$each":[…],"$position":n}` or a single one.
struct Items {
  Json::Array items;
  std::optional<std::int64_t> position{};
};

Result<Items> read_items(UpdateOperator op, const Json& operand) {
  const Json* const each = operand.find("$each");
  if (!each) return Items{{operand}};
  if (!each->is_array()) return wrong(op, "$each is not an array");
  Items out{each->as_array()};
  for (const auto& [name, value] : operand.as_object()) {
    if (name == "$each") continue;
    if (name != "$position" || op != UpdateOperator::push) return wrong(op, "its operand has an unknown modifier");
    if (!value.is_integer()) return wrong(op, "$position is not an integer");
    out.position = value.as_integer();
  }
  return out;
}

Result<Value> insert(UpdateOperator op, Value value, const Json& operand) {
  if (!value) value = Json(Json::Array{});
  if (!value->is_array()) return wrong(op, "the present value is not an array");
  auto items = read_items(op, operand);
  if (!items) return fail(items.error());
  Json::Array& array = value->as_array();
  if (op == UpdateOperator::push) {
    const auto size = static_cast<std::int64_t>(array.size());
    std::int64_t at = items->position.value_or(size);
    at = at < 0 ? std::max<std::int64_t>(size + at, 0) : std::min(at, size);
    array.insert(array.begin() + at, items->items.begin(), items->items.end());
    return value;
  }
  for (Json& item : items->items) {
    if (std::ranges::find(array, item) == array.end()) array.push_back(std::move(item));
  }
  return value;
}

Result<Value> remove(UpdateOperator op, Value value, const Json& operand) {
  if (op == UpdateOperator::pull_all && !operand.is_array()) return wrong(op, "its operand is not an array");
  if (!value) return value;
  if (!value->is_array()) return wrong(op, "the present value is not an array");
  std::erase_if(value->as_array(), [&](const Json& item) {
    if (op == UpdateOperator::pull) return item == operand;
    return std::ranges::find(operand.as_array(), item) != operand.as_array().end();
  });
  return value;
}

Result<Value> set_members(Value value, const Json& operand) {
  if (!operand.is_object()) return Value(operand);  // as a plain update
  if (!value) value = Json(Json::Object{});
  if (!value->is_object()) return wrong(UpdateOperator::set, "the present value is not an object");
  for (const auto& [name, member] : operand.as_object()) value->set(name, member);
  return value;
}

Value unset_members(Value value, const Json& operand) {
  if (!value || !operand.is_object()) return value;
  for (const auto& [name, ignored] : operand.as_object()) value->erase(name);
  return value;
}

Result<Value> apply_one(UpdateOperator op, Value value, const Json& operand, const OperatorTarget& target) {
  switch (op) {
    case UpdateOperator::increment:
    case UpdateOperator::multiply:
      return calculate(op, std::move(value), operand);
    case UpdateOperator::minimum:
    case UpdateOperator::maximum:
      return choose(op, std::move(value), operand, target);
    case UpdateOperator::push:
    case UpdateOperator::add_to_set:
      return insert(op, std::move(value), operand);
    case UpdateOperator::pull:
    case UpdateOperator::pull_all:
      return remove(op, std::move(value), operand);
    case UpdateOperator::set:
      return set_members(std::move(value), operand);
    case UpdateOperator::unset:
      return unset_members(std::move(value), operand);
    case UpdateOperator::none:
      break;
  }
  return fail(ErrorCode::internal, "no update operator");
}

using Operands = std::vector<std::pair<UpdateOperator, Json>>;

/// $set and $unset of one attribute may stand together, but not name the same member.
Result<> check_conflicts(const Operands& operands) {
  for (const auto& [op, operand] : operands) {
    if (op != UpdateOperator::set || !operand.is_object()) continue;
    for (const auto& [other, removed] : operands) {
      if (other != UpdateOperator::unset || !removed.is_object()) continue;
      for (const auto& [name, value] : operand.as_object()) {
        if (removed.find(name)) return wrong(op, "$unset names the same member: " + name);
      }
    }
  }
  return {};
}

}  // namespace

UpdateOperator parse_operator(std::string_view name) {
  for (const auto& [known, op] : kNames) {
    if (known == name) return op;
  }
  return UpdateOperator::none;
}

std::string_view name_of(UpdateOperator op) {
  for (const auto& [name, known] : kNames) {
    if (known == op) return name;
  }
  return "none";
}

Result<std::optional<JsonText>> apply_operators(const OperatorTarget& target,
                                                const std::vector<std::pair<UpdateOperator, JsonText>>& operators) {
  Operands operands;
  for (const auto& [op, text] : operators) {
    auto operand = Json::parse(text);
    if (!operand) return fail(std::move(operand.error()));
    operands.emplace_back(op, std::move(*operand));
  }
  if (auto checked = check_conflicts(operands); !checked) return fail(std::move(checked.error()));
  Value value;
  if (target.present) {
    auto present = Json::parse(*target.present);
    if (!present) return fail(std::move(present.error()));
    value = std::move(*present);
  }
  for (const auto& [op, operand] : operands) {
    auto next = apply_one(op, std::move(value), operand, target);
    if (!next) return fail(std::move(next.error()));
    value = std::move(*next);
  }
  if (!value) return std::nullopt;
  return value->dump();
}

}  // namespace machi::broker

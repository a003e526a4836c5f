#include <algorithm>
#include <cmath>
#include <optional>

#include "broker/expression/expression.h"
#include "broker/expression/syntax.h"

namespace machi::broker {
namespace jexl {
namespace {

/// A value on its way through the tree: borrowed from the scope or the tree as long as possible, else owned.
class Operand {
 public:
  static Operand borrowed(const Json& value) { return Operand(&value); }
  static Operand owned(Json value, bool computed = true) {
    Operand out(nullptr);
    out.owned_ = std::move(value);
    out.computed_ = computed;
    return out;
  }
  [[nodiscard]] const Json& get() const { return borrowed_ != nullptr ? *borrowed_ : owned_; }
  [[nodiscard]] bool is_borrowed() const { return borrowed_ != nullptr; }

  /// The value as it may leave the evaluation: numbers that were computed are rounded.
  [[nodiscard]] Json take() && {
    if (borrowed_ != nullptr) return *borrowed_;
    if (computed_ && owned_.is_number()) return rounded(owned_);
    return std::move(owned_);
  }

 private:
  explicit Operand(const Json* value) : borrowed_(value) {}

  // Orion writes numbers with nine decimals at most; very small ones are spared, they would vanish.
  static Json rounded(const Json& value) {
    constexpr double kSmallest = 1e-6;
    constexpr double kScale = 1e9;
    constexpr double kLargest = 4e6;  // beyond it, scaling would cost more digits than it gives
    const double v = value.as_number();
    if (value.is_integer() || v == std::trunc(v) || std::abs(v) < kSmallest) return value;
    if (std::abs(v) < kLargest) return std::round(v * kScale) / kScale;
    const double whole = std::trunc(v);
    return whole + std::round((v - whole) * kScale) / kScale;
  }

  const Json* borrowed_;
  Json owned_{};
  bool computed_ = false;
};

/// nullopt: the evaluation fails here.
using Value = std::optional<Operand>;

bool is_truthy(const Json& v) {
  if (v.is_bool()) return v.as_bool();
  if (v.is_number()) return v.as_number() != 0;
  if (v.is_string()) return !v.as_string().empty();
  return v.is_array() || v.is_object();
}
bool is_truthy(const Value& v) {
  return v && is_truthy(v->get());
}

Value computed(Json value) {
  return Operand::owned(std::move(value));
}
Value number(double v) {
  return computed(std::isfinite(v) ? Json(v == 0 ? 0.0 : v) : Json());
}

bool numbers_equal(double a, double b) {
  constexpr double kEpsilon = 1e-6;
  return std::abs(a - b) < kEpsilon;
}

Value on_numbers(Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return number(a + b);
    case Operator::subtract:
      return number(a - b);
    case Operator::multiply:
      return number(a * b);
    case Operator::divide:
      return number(a / b);
    case Operator::floor_divide:
      return number(std::floor(a / b));
    case Operator::modulus:
      return number(std::fmod(a, b));
    case Operator::power:
      return number(std::pow(a, b));
    case Operator::less:
      return computed(a < b);
    case Operator::less_equal:
      return computed(a <= b);
    case Operator::greater:
      return computed(a > b);
    case Operator::greater_equal:
      return computed(a >= b);
    default:
      return computed(false);
  }
}

Value on_strings(Operator op, const std::string& a, const std::string& b) {
  switch (op) {
    case Operator::add:
      return computed(a + b);
    case Operator::less:
      return computed(a < b);
    case Operator::less_equal:
      return computed(a <= b);
    case Operator::greater:
      return computed(a > b);
    case Operator::greater_equal:
      return computed(a >= b);
    case Operator::in:
      return computed(b.find(a) != std::string::npos);
    default:
      return std::nullopt;
  }
}

bool are_equal(const Json& a, const Json& b) {
  return a.is_number() && b.is_number() ? numbers_equal(a.as_number(), b.as_number()) : a == b;
}

Value contains(const Json& container, const Json& item) {
  if (container.is_array())
    return computed(std::ranges::find(container.as_array(), item) != container.as_array().end());
  if (container.is_object() && item.is_string()) return computed(container.find(item.as_string()) != nullptr);
  return std::nullopt;
}

class Evaluation {
 public:
  Evaluation(const Scope& scope, Timestamp now) : scope_(scope), now_(now) {}

  Value evaluate(const Node& node) {
    if (!spend(Expression::kStepCost)) return std::nullopt;
    switch (node.kind) {
      case Node::Kind::literal:
        return Operand::borrowed(node.value);
      case Node::Kind::identifier:
        return found(scope_.find(node.name));
      case Node::Kind::member:
        return member(node);
      case Node::Kind::index:
        return index(node);
      case Node::Kind::filter:
        return filter(node);
      case Node::Kind::binary:
        return binary(node);
      case Node::Kind::conditional:
        return evaluate(node.children[is_truthy(evaluate(node.children[0])) ? 1 : 2]);
      case Node::Kind::transform:
        return transform(node);
      case Node::Kind::array:
        return array(node);
      case Node::Kind::object:
        return object(node);
    }
    return std::nullopt;
  }

  /// The value to hand out; a copy of what is only borrowed costs.
  std::optional<Json> give(Value value) {
    if (!value || (value->is_borrowed() && !spend(weight(value->get())))) return std::nullopt;
    return std::move(*value).take();
  }

 private:
  bool spend(std::size_t bytes) {
    if (bytes > work_left_) {
      work_left_ = 0;
      return false;
    }
    work_left_ -= bytes;
    return true;
  }

  static Value found(const Json* value) { return value != nullptr ? Value(Operand::borrowed(*value)) : std::nullopt; }

  /// `part` of `whole`, or null if there is none: borrowed when the whole is, else copied out of it.
  Value part_of(const Operand& whole, const Json* part) {
    if (part == nullptr) return Operand::owned({}, false);
    if (whole.is_borrowed()) return Operand::borrowed(*part);
    if (!spend(weight(*part))) return std::nullopt;
    return Operand::owned(*part, false);
  }

  Value member(const Node& node) {
    const Value subject = evaluate(node.children[0]);
    if (!subject) return std::nullopt;
    return part_of(*subject, subject->get().find(node.name));
  }

  Value index(const Node& node) {
    const Value subject = evaluate(node.children[0]);
    if (!subject) return std::nullopt;
    const Value at = evaluate(node.children[1]);
    if (!at) return std::nullopt;
    if (at->get().is_string()) return part_of(*subject, subject->get().find(at->get().as_string()));
    if (!at->get().is_number()) return std::nullopt;
    const double position = std::floor(at->get().as_number());
    if (!subject->get().is_array() || !(position >= 0)) return part_of(*subject, nullptr);
    const auto& items = subject->get().as_array();
    const bool inside = position < static_cast<double>(items.size());
    return part_of(*subject, inside ? &items[static_cast<std::size_t>(position)] : nullptr);
  }

  Value filter(const Node& node) {
    const Value subject = evaluate(node.children[0]);
    if (!subject || !subject->get().is_array()) return std::nullopt;
    const Value right = evaluate(node.children[1]);
    if (!right) return std::nullopt;
    const Json none;
    Json::Array out;
    for (const Json& item : subject->get().as_array()) {
      if (!spend(Expression::kStepCost)) return std::nullopt;
      const Json* const left = item.find(node.name);
      if (!is_truthy(compute(node.op, left != nullptr ? *left : none, right->get()))) continue;
      if (!spend(weight(item))) return std::nullopt;
      out.push_back(item);
    }
    return Operand::owned(std::move(out), false);
  }

  Value binary(const Node& node) {
    Value left = evaluate(node.children[0]);
    if (node.op == Operator::logical_or) return is_truthy(left) ? left : evaluate(node.children[1]);
    if (node.op == Operator::logical_and) return is_truthy(left) ? evaluate(node.children[1]) : left;
    if (!left) return std::nullopt;
    const Value right = evaluate(node.children[1]);
    if (!right) return std::nullopt;
    return compute(node.op, left->get(), right->get());
  }

  Value compute(Operator op, const Json& a, const Json& b) {
    if (a.is_number() && b.is_number() && op != Operator::equal && op != Operator::not_equal) {
      return on_numbers(op, a.as_number(), b.as_number());
    }
    // Equality and search read both sides, strings are joined: the cost is their size.
    if (!spend(weight(a) + weight(b))) return std::nullopt;
    if (op == Operator::equal) return computed(are_equal(a, b));
    if (op == Operator::not_equal) return computed(!are_equal(a, b));
    if (a.is_string() && b.is_string()) return on_strings(op, a.as_string(), b.as_string());
    return op == Operator::in ? contains(b, a) : std::nullopt;
  }

  Value transform(const Node& node) {
    if (node.function == nullptr) return std::nullopt;
    std::vector<Operand> operands;
    std::vector<const Json*> arguments;
    operands.reserve(node.children.size());
    for (const Node& child : node.children) {
      Value value = evaluate(child);
      if (!value || !spend(weight(value->get()))) return std::nullopt;
      operands.push_back(std::move(*value));
      arguments.push_back(&operands.back().get());
    }
    Json result = node.function({.arguments = arguments, .now = now_, .room = work_left_});
    if (!spend(weight(result))) return std::nullopt;
    return computed(std::move(result));
  }

  Value array(const Node& node) {
    Json::Array out;
    for (const Node& child : node.children) {
      auto item = give(evaluate(child));
      if (!item) return std::nullopt;
      out.push_back(std::move(*item));
    }
    return Operand::owned(std::move(out), false);
  }

  Value object(const Node& node) {
    Json out{Json::Object{}};
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (out.find(node.keys[i]) != nullptr) return std::nullopt;
      auto item = give(evaluate(node.children[i]));
      if (!item) return std::nullopt;
      out.set(node.keys[i], std::move(*item));
    }
    return Operand::owned(std::move(out), false);
  }

  const Scope& scope_;
  Timestamp now_;
  std::size_t work_left_ = Expression::kMaxWork;
};

}  // namespace
}  // namespace jexl

Result<Expression> Expression::parse(std::string_view text) {
  auto root = jexl::parse(text);
  if (!root) return std::unexpected(std::move(root.error()));
  return Expression(std::make_shared<const jexl::Node>(std::move(*root)));
}

Json Expression::evaluate(const Scope& scope, Timestamp now) const {
  jexl::Evaluation evaluation(scope, now);
  return evaluation.give(evaluation.evaluate(*root_)).value_or(Json());
}

Json evaluate_expression(std::string_view text, const Scope& scope, Timestamp now) {
  const auto expression = Expression::parse(text);
  return expression ? expression->evaluate(scope, now) : Json();
}

}  // namespace machi::broker

#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace machi::broker {

/// JEXL as subscriptions of NGSIv2 use it: custom notifications and `subject.condition.jexlExpression` ("JEXL support
/// in custom notifications" of Orion's manual, with its transformations).
///
/// Grammar, from loose to tight: `a ? b : c`; `&& ||`; `== != < <= > >= in`; `+ -`; `* / //`; `% ^`; `a|transform(b,
/// …)`; `a.b`, `a[b]`, `a[.b < c]` (the members of array `a` whose `b` is below `c`); literals, `[…]`, `{name: …}`,
/// `(…)`. Operators of one level go from left to right. There is neither unary minus nor `!`.
///
/// Evaluation fails as a whole (and gives null) at an unknown identifier or transformation, at operands an operator
/// does not take, and when a bound is reached; but `||`, `&&` and the test of `?:` take a failed left side as false, so
/// that `A||0` works without `A`. A transformation that cannot work on its input gives null. `==` on numbers allows
/// 1e-6. Characters of strings are counted by code point.

/// Where identifiers get their values.
class Scope {
 public:
  virtual ~Scope() = default;
  /// The value of `name`, or nullptr when there is none. It stays valid until the scope ends or changes.
  [[nodiscard]] virtual const Json* find(std::string_view name) const = 0;
};

/// The members of a JSON object as identifiers.
class JsonScope : public Scope {
 public:
  explicit JsonScope(const Json& object) : object_(object) {}
  [[nodiscard]] const Json* find(std::string_view name) const override { return object_.find(name); }

 private:
  const Json& object_;
};

namespace jexl {
struct Node;
}

/// A parsed expression: immutable, cheap to copy, to be used from any thread.
class Expression {
 public:
  static constexpr std::size_t kMaxLength = 16 * 1024;  ///< bytes of source text
  static constexpr int kMaxNesting = 64;                ///< brackets and branches within each other
  static constexpr int kMaxDepth = 256;                 ///< of the tree, which grows with each operator of a chain
  /// What one evaluation may cost, in bytes read by transformations and bytes produced; a step costs kStepCost.
  static constexpr std::size_t kMaxWork = 32 * 1024 * 1024;
  static constexpr std::size_t kStepCost = 64;

  /// Errors: bad_request (not of the grammar, or beyond a bound).
  [[nodiscard]] static Result<Expression> parse(std::string_view text);

  /// The value in this scope; null when evaluation fails. Numbers that were computed are rounded to nine decimals, as
  /// Orion shows them; those that were only passed on stay as they are. `now` is what the transformation `now` starts
  /// from.
  [[nodiscard]] Json evaluate(const Scope& scope, Timestamp now) const;

 private:
  explicit Expression(std::shared_ptr<const jexl::Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const jexl::Node> root_;
};

/// Parses and evaluates; null when either fails.
[[nodiscard]] Json evaluate_expression(std::string_view text, const Scope& scope, Timestamp now);

}  // namespace machi::broker

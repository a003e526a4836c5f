#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "broker/expression/transforms.h"

namespace machi::broker::jexl {

enum class Operator : std::uint8_t {
  none,
  logical_and,
  logical_or,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulus,
  power,
};

/// The tree of an expression. What `children` hold depends on the kind.
struct Node {
  enum class Kind : std::uint8_t {
    literal,      ///< `value`
    identifier,   ///< `name`
    member,       ///< children: subject; `name`
    index,        ///< children: subject, index
    filter,       ///< children: subject, right side; `name` is the member, `op` the comparison
    binary,       ///< children: left, right; `op`
    conditional,  ///< children: test, then, otherwise
    transform,    ///< children: subject and arguments; `function` is nullptr when the name is unknown
    array,        ///< children: items
    object,       ///< children: values; `keys` beside them
  };
  Kind kind = Kind::literal;
  Operator op = Operator::none;
  int depth = 1;
  Transform function = nullptr;
  std::string name{};
  Json value{};
  std::vector<Node> children{};
  std::vector<std::string> keys{};
};

/// Parses within the bounds that Expression names. Errors: bad_request.
[[nodiscard]] Result<Node> parse(std::string_view text);

}  // namespace machi::broker::jexl

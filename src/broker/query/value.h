#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/timestamp.h"
#include "broker/model/entity.h"

namespace machi::broker::query {

/// A value as queries see it: its kind, and what is needed to compare it. Views point into the text or tree it came
/// from.
struct Value {
  enum class Kind : std::uint8_t { null, number, string, date, boolean, array, object };
  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0;
  Timestamp date{};
  std::string_view text{};  ///< of a string; unescaped
  std::string_view raw{};   ///< the JSON text; empty for a member of a tree
  std::string unescaped{};  ///< holds `text` when the JSON had escapes

  Value() = default;
  Value(Value&&) = delete;
  Value& operator=(Value&&) = delete;
};

/// Reads an attribute's or metadata's value; `type` decides whether a string is a date. `value` must outlive `out`.
void read_value(std::string_view value, std::string_view type, Value& out);
/// Reads a member of an array or object; `member` must outlive `out`. No dates here.
void read_member(const Json& member, Value& out);

/// The instance that NGSIv2 sees: the default one, else the first; nullptr if there is none.
[[nodiscard]] const Attribute* visible_instance(const std::vector<Attribute>& attributes, std::string_view name);

}  // namespace machi::broker::query

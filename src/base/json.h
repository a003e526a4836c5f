#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace machi {

/// A JSON tree, for the places that must compute with one (expressions, patches, subscriptions).
/// The entity model keeps values as text instead; nothing on the hot path builds a tree.
/// Objects keep the order of their members; a number is an integer when its text was one and it fits 64 bits.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool v) : value_(v) {}
  Json(std::int64_t v) : value_(v) {}
  Json(int v) : value_(static_cast<std::int64_t>(v)) {}
  Json(double v) : value_(v) {}
  Json(std::string v) : value_(std::move(v)) {}
  Json(std::string_view v) : value_(std::string(v)) {}
  Json(const char* v) : value_(std::string(v)) {}
  Json(Array v) : value_(std::move(v)) {}
  Json(Object v) : value_(std::move(v)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  [[nodiscard]] bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }

  /// Each getter demands its kind (std::get throws otherwise: a bug of the caller).
  [[nodiscard]] bool as_bool() const { return std::get<bool>(value_); }
  [[nodiscard]] std::int64_t as_integer() const { return std::get<std::int64_t>(value_); }
  [[nodiscard]] double as_number() const {
    return is_integer() ? static_cast<double>(std::get<std::int64_t>(value_)) : std::get<double>(value_);
  }
  [[nodiscard]] const std::string& as_string() const { return std::get<std::string>(value_); }
  [[nodiscard]] std::string& as_string() { return std::get<std::string>(value_); }
  [[nodiscard]] const Array& as_array() const { return std::get<Array>(value_); }
  [[nodiscard]] Array& as_array() { return std::get<Array>(value_); }
  [[nodiscard]] const Object& as_object() const { return std::get<Object>(value_); }
  [[nodiscard]] Object& as_object() { return std::get<Object>(value_); }

  /// The member's value, or nullptr when this is no object or has no such member.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] Json* find(std::string_view name);
  /// Sets or adds a member; this must be an object (a null becomes one).
  void set(std::string_view name, Json v);
  /// Removes a member if it is there.
  void erase(std::string_view name);

  /// Equal as JSON values: numbers by value (1 == 1.0), objects whatever the order of their members.
  bool operator==(const Json& other) const;

  /// Minified text. Numbers as JsonWriter writes them.
  [[nodiscard]] std::string dump() const;
  void dump_to(std::string& out) const;

  static constexpr int kMaxDepth = 64;
  /// Parses a whole text. Errors: parse_error (not JSON, nested deeper than kMaxDepth, integer beyond 64 bits,
  /// number beyond double, text that is not UTF-8). A member named twice is kept twice: see duplicate_key().
  [[nodiscard]] static Result<Json> parse(std::string_view text);
  /// Name of the first member that stands twice in the same object, anywhere in the tree; empty if none.
  [[nodiscard]] std::string duplicate_key() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// Whether two JSON texts denote the same value (fast when they are the same text).
[[nodiscard]] bool json_equal(std::string_view a, std::string_view b);

}  // namespace machi

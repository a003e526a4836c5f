#include "broker/query/order.h"

#include <algorithm>

#include "broker/query/literal.h"
#include "broker/query/value.h"

namespace machi::broker::query {
namespace {

constexpr std::size_t kMaxTerms = 32;

OrderTerm::Key key_of(std::string_view name) {
  if (name == "id") return OrderTerm::Key::id;
  if (name == "type") return OrderTerm::Key::type;
  if (name == "dateCreated") return OrderTerm::Key::date_created;
  if (name == "dateModified") return OrderTerm::Key::date_modified;
  if (name == "dateExpires") return OrderTerm::Key::date_expires;
  if (name == "servicePath") return OrderTerm::Key::service_path;
  if (name == "geo:distance") return OrderTerm::Key::distance;
  return OrderTerm::Key::attribute;
}

int rank(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::null:
      return 0;
    case Value::Kind::number:
    case Value::Kind::date:
      return 1;
    case Value::Kind::string:
      return 2;
    case Value::Kind::object:
      return 3;
    case Value::Kind::array:
      return 4;
    case Value::Kind::boolean:
      return 5;
  }
  return 0;
}

template <typename T>
int sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_attributes(const Attribute* a, const Attribute* b) {
  Value x;
  Value y;
  if (a != nullptr) read_value(a->value, a->type, x);
  if (b != nullptr) read_value(b->value, b->type, y);
  if (const int by_kind = sign(rank(x.kind), rank(y.kind)); by_kind != 0) return by_kind;
  switch (x.kind) {
    case Value::Kind::number:
    case Value::Kind::date: {
      const auto ordinal = [](const Value& v) {
        return v.kind == Value::Kind::date ? static_cast<double>(v.date.microseconds) : v.number;
      };
      return sign(ordinal(x), ordinal(y));
    }
    case Value::Kind::string:
      return sign(x.text, y.text);
    case Value::Kind::boolean:
      return sign(x.boolean, y.boolean);
    default:
      return 0;
  }
}

int compare_term(const Entity& a, const Entity& b, const OrderTerm& term) {
  switch (term.key) {
    case OrderTerm::Key::id:
      return sign(a.id, b.id);
    case OrderTerm::Key::type:
      return sign(a.type, b.type);
    case OrderTerm::Key::date_created:
      return sign(a.created, b.created);
    case OrderTerm::Key::date_modified:
      return sign(a.modified, b.modified);
    case OrderTerm::Key::date_expires:
      return sign(a.expires, b.expires);
    case OrderTerm::Key::service_path:
      return sign(a.service_path, b.service_path);
    case OrderTerm::Key::attribute:
      return compare_attributes(visible_instance(a.attributes, term.attribute),
                                visible_instance(b.attributes, term.attribute));
    case OrderTerm::Key::distance:
      return 0;
  }
  return 0;
}

}  // namespace

int compare(const Entity& a, const Entity& b, const std::vector<OrderTerm>& order) {
  for (const OrderTerm& term : order) {
    const int result = compare_term(a, b, term);
    if (result != 0) return term.descending ? -result : result;
  }
  if (const int by_creation = sign(a.created, b.created); by_creation != 0) return by_creation;
  return sign(a.key, b.key);
}

Result<std::vector<OrderTerm>> parse_order_by(std::string_view text) {
  std::vector<OrderTerm> terms;
  std::vector<std::string_view> seen;
  if (trim(text).empty()) return terms;
  for (auto token : split_unquoted(text, ',')) {
    token = trim(token);
    const bool descending = !token.empty() && token.front() == '!';
    if (descending) token.remove_prefix(1);
    if (token.empty()) return fail(ErrorCode::bad_request, "empty orderBy token", "orderBy");
    if (std::ranges::find(seen, token) != seen.end()) {
      return fail(ErrorCode::bad_request, "duplicate orderBy token detected", "orderBy");
    }
    if (seen.size() == kMaxTerms) return fail(ErrorCode::bad_request, "too many orderBy tokens", "orderBy");
    seen.push_back(token);
    const auto key = key_of(token);
    terms.push_back({.key = key,
                     .attribute = key == OrderTerm::Key::attribute ? std::string(token) : std::string(),
                     .descending = descending});
  }
  return terms;
}

}  // namespace machi::broker::query

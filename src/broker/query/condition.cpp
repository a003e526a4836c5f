#include <algorithm>
#include <vector>

#include "broker/query/matcher.h"
#include "broker/query/value.h"

// One statement against one entity. The rules are docs/query.md's "What is compared" and "Operators"; what is written
// here in C++ stands in sql_condition.cpp as SQL.
namespace machi::broker::query {
namespace {

// -2: the two are of different kinds.
constexpr int kOtherKind = -2;

template <typename T>
int sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare(const Value& value, const Literal& literal) {
  if (const auto* number = std::get_if<double>(&literal)) {
    return value.kind == Value::Kind::number ? sign(value.number, *number) : kOtherKind;
  }
  if (const auto* text = std::get_if<std::string>(&literal)) {
    return value.kind == Value::Kind::string ? sign(value.text, std::string_view(*text)) : kOtherKind;
  }
  if (const auto* date = std::get_if<Timestamp>(&literal)) {
    if (value.kind != Value::Kind::date) return kOtherKind;
    return sign(static_cast<double>(value.date.microseconds), static_cast<double>(date->microseconds));
  }
  if (const auto* boolean = std::get_if<bool>(&literal)) {
    return value.kind == Value::Kind::boolean && value.boolean == *boolean ? 0 : kOtherKind;
  }
  return value.kind == Value::Kind::null ? 0 : kOtherKind;
}

bool equals_operand(const Condition& condition, const Value& value) {
  if (condition.range) {
    const int low = compare(value, condition.range->from);
    const int high = compare(value, condition.range->to);
    return low != kOtherKind && high != kOtherKind && low >= 0 && high <= 0;
  }
  return std::ranges::any_of(condition.values, [&](const Literal& l) { return compare(value, l) == 0; });
}

// The positive form: != asks it too and turns the answer round.
bool member_fulfils(const Condition& condition, const Value& value) {
  switch (condition.op) {
    case Operator::equal:
    case Operator::unequal:
      return equals_operand(condition, value);
    case Operator::matches:
      return value.kind == Value::Kind::string && condition.pattern->found_in(value.text);
    case Operator::greater:
      return compare(value, condition.values.front()) == 1;
    case Operator::less:
      return compare(value, condition.values.front()) == -1;
    case Operator::greater_or_equal:
      return compare(value, condition.values.front()) >= 0;
    case Operator::less_or_equal: {
      const int order = compare(value, condition.values.front());
      return order == 0 || order == -1;
    }
    default:
      return false;
  }
}

// When a name stands twice in an object the last counts, as in jsonb.
const Json* last_member(const Json& object, std::string_view name) {
  const Json* found = nullptr;
  for (const auto& [key, value] : object.as_object()) {
    if (key == name) found = &value;
  }
  return found;
}

// One step of a path: into an object, or into each object of an array.
std::vector<const Json*> step(const std::vector<const Json*>& from, std::string_view name) {
  std::vector<const Json*> to;
  const auto enter = [&](const Json& json) {
    if (!json.is_object()) return;
    if (const Json* member = last_member(json, name)) to.push_back(member);
  };
  for (const Json* json : from) {
    if (json->is_array()) {
      for (const Json& member : json->as_array()) enter(member);
    } else {
      enter(*json);
    }
  }
  return to;
}

bool tree_fulfils(const Condition& condition, const Json& json) {
  const auto one = [&](const Json& member) {
    Value value;
    read_member(member, value);
    return member_fulfils(condition, value);
  };
  return json.is_array() ? std::ranges::any_of(json.as_array(), one) : one(json);
}

struct Findings {
  bool exists = false;
  bool fulfilled = false;
};

Findings look_inside(const Condition& condition, std::string_view text) {
  auto tree = Json::parse(text);
  if (!tree) return {};
  std::vector<const Json*> places{&*tree};
  for (const std::string& name : condition.target.path) places = step(places, name);
  return {.exists = !places.empty(),
          .fulfilled = std::ranges::any_of(places, [&](const Json* j) { return tree_fulfils(condition, *j); })};
}

Findings look_at(const Condition& condition, std::string_view text, std::string_view type) {
  Value value;
  read_value(text, type, value);
  const bool is_compound = value.kind == Value::Kind::array || value.kind == Value::Kind::object;
  if (!condition.target.path.empty()) return is_compound ? look_inside(condition, text) : Findings{};
  if (condition.op == Operator::exists || condition.op == Operator::absent) return {.exists = true};
  if (value.kind == Value::Kind::array) return look_inside(condition, text);
  return {.exists = true, .fulfilled = member_fulfils(condition, value)};
}

Findings look_at_time(const Condition& condition, const std::optional<Timestamp>& time) {
  if (!time) return {};
  Value value;
  value.kind = Value::Kind::date;
  value.date = *time;
  return {.exists = true, .fulfilled = member_fulfils(condition, value)};
}

Findings look_at_text(const Condition& condition, std::string_view text) {
  Value value;
  value.kind = Value::Kind::string;
  value.text = text;
  return {.exists = true, .fulfilled = member_fulfils(condition, value)};
}

Findings look_at_entity(const Condition& condition, const Entity& entity) {
  switch (condition.target.builtin) {
    case Target::Builtin::date_created:
      return look_at_time(condition, entity.created);
    case Target::Builtin::date_modified:
      return look_at_time(condition, entity.modified);
    case Target::Builtin::date_expires:
      return look_at_time(condition, entity.expires);
    default:
      return look_at_text(condition, entity.service_path);
  }
}

Findings find(const Condition& condition, const Entity& entity) {
  const Target& target = condition.target;
  const bool is_builtin = target.builtin != Target::Builtin::none;
  if (target.metadata.empty() && is_builtin) return look_at_entity(condition, entity);
  const Attribute* attribute = visible_instance(entity.attributes, target.attribute);
  if (attribute == nullptr) return {};
  if (target.metadata.empty()) return look_at(condition, attribute->value, attribute->type);
  if (is_builtin) {
    const bool created = target.builtin == Target::Builtin::date_created;
    return look_at_time(condition, created ? attribute->created : attribute->modified);
  }
  const Metadata* metadata = attribute->find_metadata(target.metadata);
  return metadata == nullptr ? Findings{} : look_at(condition, metadata->value, metadata->type);
}

}  // namespace

bool holds(const Condition& condition, const Entity& entity) {
  const Findings findings = find(condition, entity);
  switch (condition.op) {
    case Operator::exists:
      return findings.exists;
    case Operator::absent:
      return !findings.exists;
    case Operator::unequal:
      return findings.exists && !findings.fulfilled;
    default:
      return findings.fulfilled;
  }
}

}  // namespace machi::broker::query

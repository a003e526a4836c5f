#include "broker/query/value.h"

#include <charconv>

#include "broker/model/attribute_types.h"

namespace machi::broker::query {
namespace {

void read_string(std::string_view json, Value& out) {
  out.kind = Value::Kind::string;
  if (json.find('\\') == std::string_view::npos) {
    out.text = json.substr(1, json.size() - 2);
    return;
  }
  auto tree = Json::parse(json);
  if (tree && tree->is_string()) out.unescaped = std::move(tree->as_string());
  out.text = out.unescaped;
}

}  // namespace

void read_value(std::string_view value, std::string_view type, Value& out) {
  out.raw = value;
  switch (value.empty() ? 'n' : value.front()) {
    case 'n':
      out.kind = Value::Kind::null;
      return;
    case 't':
    case 'f':
      out.kind = Value::Kind::boolean;
      out.boolean = value.front() == 't';
      return;
    case '[':
      out.kind = Value::Kind::array;
      return;
    case '{':
      out.kind = Value::Kind::object;
      return;
    case '"':
      read_string(value, out);
      if (!is_date_type(type)) return;
      if (const auto date = parse_iso8601(out.text)) {
        out.kind = Value::Kind::date;
        out.date = *date;
      }
      return;
    default:
      out.kind = Value::Kind::number;
      std::from_chars(value.data(), value.data() + value.size(), out.number);
  }
}

void read_member(const Json& member, Value& out) {
  if (member.is_bool()) {
    out.kind = Value::Kind::boolean;
    out.boolean = member.as_bool();
  } else if (member.is_number()) {
    out.kind = Value::Kind::number;
    out.number = member.as_number();
  } else if (member.is_string()) {
    out.kind = Value::Kind::string;
    out.text = member.as_string();
  } else if (member.is_array()) {
    out.kind = Value::Kind::array;
  } else if (member.is_object()) {
    out.kind = Value::Kind::object;
  }
}

const Attribute* visible_instance(const std::vector<Attribute>& attributes, std::string_view name) {
  const Attribute* first = nullptr;
  for (const Attribute& a : attributes) {
    if (a.name != name) continue;
    if (a.dataset.empty()) return &a;
    if (first == nullptr) first = &a;
  }
  return first;
}

}  // namespace machi::broker::query

#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/json_writer.h"

namespace machi {
namespace {

using simdjson::dom::element_type;

Json from_dom(const simdjson::dom::element& e) {
  switch (e.type()) {
    case element_type::NULL_VALUE:
      return {};
    case element_type::BOOL:
      return Json(static_cast<bool>(e.get_bool().value_unsafe()));
    case element_type::INT64:
      return Json(static_cast<std::int64_t>(e.get_int64().value_unsafe()));
    case element_type::UINT64:
      return Json(static_cast<double>(e.get_uint64().value_unsafe()));
    case element_type::DOUBLE:
      return Json(e.get_double().value_unsafe());
    case element_type::STRING:
      return Json(std::string_view(e.get_string().value_unsafe()));
    case element_type::ARRAY: {
      Json::Array out;
      for (const auto child : e.get_array().value_unsafe()) out.push_back(from_dom(child));
      return Json(std::move(out));
    }
    case element_type::OBJECT: {
      Json::Object out;
      for (const auto& [name, child] : e.get_object().value_unsafe()) out.emplace_back(name, from_dom(child));
      return Json(std::move(out));
    }
  }
  return {};
}

simdjson::dom::parser& thread_parser() {
  static thread_local simdjson::dom::parser parser;
  return parser;
}

std::vector<const Json::Member*> by_name(const Json::Object& members) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& member : members) sorted.push_back(&member);
  std::ranges::stable_sort(sorted, {}, [](const Json::Member* m) -> const std::string& { return m->first; });
  return sorted;
}

/// Members mostly stand in the same order; where they do not, each is looked up in sorted ones: clients send objects of
/// any size.
bool objects_equal(const Json::Object& a, const Json::Object& b) {
  if (std::ranges::equal(a, b, {}, &Json::Member::first, &Json::Member::first)) {
    return std::ranges::equal(a, b, {}, &Json::Member::second, &Json::Member::second);
  }
  if (a.size() != b.size()) return false;
  return std::ranges::equal(by_name(a), by_name(b),
                            [](const Json::Member* x, const Json::Member* y) { return *x == *y; });
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  if (!is_object()) return nullptr;
  for (const auto& [k, v] : as_object()) {
    if (k == name) return &v;
  }
  return nullptr;
}

Json* Json::find(std::string_view name) {
  return const_cast<Json*>(std::as_const(*this).find(name));
}

void Json::set(std::string_view name, Json v) {
  if (is_null()) value_ = Object{};
  if (Json* existing = find(name)) {
    *existing = std::move(v);
  } else {
    as_object().emplace_back(std::string(name), std::move(v));
  }
}

void Json::erase(std::string_view name) {
  if (is_object()) std::erase_if(as_object(), [&](const Member& m) { return m.first == name; });
}

bool Json::operator==(const Json& other) const {
  if (is_number() && other.is_number()) {
    if (is_integer() && other.is_integer()) return as_integer() == other.as_integer();
    return as_number() == other.as_number();
  }
  if (value_.index() != other.value_.index()) return false;
  if (is_object()) return objects_equal(as_object(), other.as_object());
  return value_ == other.value_;
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

void Json::dump_to(std::string& out) const {
  if (is_null()) {
    out += "null";
  } else if (is_bool()) {
    out += as_bool() ? "true" : "false";
  } else if (is_integer()) {
    JsonWriter::append_integer(out, as_integer());
  } else if (is_number()) {
    JsonWriter::append_number(out, as_number());
  } else if (is_string()) {
    JsonWriter::append_quoted(out, as_string());
  } else if (is_array()) {
    out += '[';
    for (const Json& child : as_array()) {
      if (&child != as_array().data()) out += ',';
      child.dump_to(out);
    }
    out += ']';
  } else {
    out += '{';
    for (const Member& m : as_object()) {
      if (&m != as_object().data()) out += ',';
      JsonWriter::append_quoted(out, m.first);
      out += ':';
      m.second.dump_to(out);
    }
    out += '}';
  }
}

Result<Json> Json::parse(std::string_view text) {
  simdjson::dom::parser& parser = thread_parser();
  if (parser.max_depth() != kMaxDepth && parser.allocate(std::max<std::size_t>(text.size(), 4096), kMaxDepth)) {
    return fail(ErrorCode::internal, "out of memory");
  }
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return fail(ErrorCode::parse_error, std::string(simdjson::error_message(error)));
  }
  return from_dom(root);
}

std::string Json::duplicate_key() const {
  if (is_array()) {
    for (const Json& child : as_array()) {
      if (auto name = child.duplicate_key(); !name.empty()) return name;
    }
  }
  if (is_object()) {
    std::unordered_set<std::string_view> seen;
    for (const auto& [name, child] : as_object()) {
      if (!seen.insert(name).second) return name;
      if (auto inner = child.duplicate_key(); !inner.empty()) return inner;
    }
  }
  return {};
}

bool json_equal(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = Json::parse(a);
  const auto right = Json::parse(b);
  return left && right && *left == *right;
}

}  // namespace machi

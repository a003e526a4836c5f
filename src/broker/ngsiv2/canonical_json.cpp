#include "broker/ngsiv2/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/json_writer.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker::ngsiv2 {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kFewMembers = 16;

/// The first name that stands twice; empty when none does (an empty name twice is found as well: `found` tells).
std::string_view find_duplicate(const std::vector<std::string_view>& names, bool& found) {
  found = true;
  if (names.size() <= kFewMembers) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = i + 1; j < names.size(); ++j) {
        if (names[i] == names[j]) return names[i];
      }
    }
  } else {
    std::unordered_set<std::string_view> seen;
    for (const std::string_view name : names) {
      if (!seen.insert(name).second) return name;
    }
  }
  found = false;
  return {};
}

template <typename Integer>
bool fits(std::string_view digits) {
  Integer value{};
  return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
}

/// Puts an exponent behind integers beyond 64 bits, so that the parser reads the nearest double instead of refusing the
/// body. All else stays as it is, valid or not.
std::string with_exponents(std::string_view body) {
  std::string out;
  out.reserve(body.size() + 16);
  bool in_string = false;
  for (std::size_t at = 0; at < body.size();) {
    const auto length = in_string ? 0 : std::min(body.find_first_not_of("-+.0123456789eE", at), body.size()) - at;
    if (length > 0) {
      const std::string_view number = body.substr(at, length);
      out += number;
      const bool is_integer = number.find_first_not_of("0123456789", number.starts_with('-') ? 1 : 0) == number.npos;
      if (is_integer && !fits<std::int64_t>(number) && !fits<std::uint64_t>(number)) out += "e0";
      at += length;
      continue;
    }
    const char c = body[at++];
    out += c;
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\' && at < body.size()) out += body[at++];
  }
  return out;
}

}  // namespace

Result<element> parse_body(std::string_view body) {
  static thread_local simdjson::dom::parser parser;
  element root;
  auto error = parser.parse(body.data(), body.size()).get(root);
  if (error == simdjson::NUMBER_ERROR) error = parser.parse(with_exponents(body)).get(root);
  if (error == simdjson::DEPTH_ERROR) return errors::too_deep();
  if (error) return errors::broken_json();
  return root;
}

Result<simdjson::dom::object> parse_object(std::string_view body) {
  const auto root = parse_body(body);
  if (!root) return fail(root.error());
  if (!root->is_object()) return errors::broken_json();
  return root->get_object().value_unsafe();
}

bool CanonicalWriter::append(std::string& out, element value) {
  return append_at(out, value, 0);
}

bool CanonicalWriter::append_at(std::string& out, element value, int depth) {
  switch (value.type()) {
    case element_type::NULL_VALUE:
      out += "null";
      return true;
    case element_type::BOOL:
      out += value.get_bool().value_unsafe() ? "true" : "false";
      return true;
    case element_type::INT64:
      JsonWriter::append_integer(out, value.get_int64().value_unsafe());
      return true;
    case element_type::UINT64:
      JsonWriter::append_number(out, static_cast<double>(value.get_uint64().value_unsafe()));
      return true;
    case element_type::DOUBLE:
      JsonWriter::append_number(out, value.get_double().value_unsafe());
      return true;
    case element_type::STRING:
      return append_string(out, value.get_string().value_unsafe());
    case element_type::ARRAY:
      return append_array(out, value.get_array().value_unsafe(), depth);
    case element_type::OBJECT:
      return append_object(out, value.get_object().value_unsafe(), depth);
  }
  return true;
}

bool CanonicalWriter::append_string(std::string& out, std::string_view text) {
  if (text.contains('\0')) return refuse(errors::bad_request("the character U+0000 cannot be stored"));
  if (!found_forbidden_) found_forbidden_ = has_forbidden_characters(text);
  JsonWriter::append_quoted(out, text);
  return true;
}

bool CanonicalWriter::append_array(std::string& out, simdjson::dom::array array, int depth) {
  if (depth > kMaxNesting) return refuse(errors::too_deep());
  out += '[';
  bool first = true;
  for (const element item : array) {
    if (!std::exchange(first, false)) out += ',';
    const std::size_t length = path_.size();
    path_ += '/';
    if (!append_at(out, item, depth + 1)) return false;
    path_.resize(length);
  }
  out += ']';
  return true;
}

bool CanonicalWriter::append_object(std::string& out, simdjson::dom::object object, int depth) {
  if (depth > kMaxNesting) return refuse(errors::too_deep());
  if (!check_members(object)) return false;
  out += '{';
  bool first = true;
  for (const auto& [name, value] : object) {
    if (!std::exchange(first, false)) out += ',';
    if (name.contains('\0')) return refuse(errors::bad_request("the character U+0000 cannot be stored"));
    JsonWriter::append_quoted(out, name);
    out += ':';
    const std::size_t length = path_.size();
    path_.append(name).append("/");
    if (!append_at(out, value, depth + 1)) return false;
    path_.resize(length);
  }
  out += '}';
  return true;
}

bool CanonicalWriter::check_members(simdjson::dom::object object) {
  std::vector<std::string_view> names;
  names.reserve(object.size());
  for (const auto& [name, value] : object) names.push_back(name);
  bool found = false;
  const std::string_view name = find_duplicate(names, found);
  if (!found) return true;
  return refuse(errors::bad_request(fmt::format("duplicated tag-name: /{}/ in path: {}", name, path_)));
}

Result<std::string> canonical(element value) {
  std::string out;
  CanonicalWriter writer;
  if (!writer.append(out, value)) return fail(writer.error());
  return out;
}

}  // namespace machi::broker::ngsiv2

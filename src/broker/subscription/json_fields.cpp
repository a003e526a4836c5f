#include "broker/subscription/json_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace machi::broker {
namespace {

std::string describe(std::string_view name, std::string_view description, std::string_view problem) {
  return fmt::format("{} {}", description.empty() ? name : description, problem);
}

}  // namespace

void JsonFields::fail(std::string message, ErrorCode code) {
  if (!error_) error_ = Error{code, std::move(message)};
}

std::optional<std::string> JsonFields::text(const Json& parent, std::string_view name, std::string_view description) {
  const Json* const found = ok() ? parent.find(name) : nullptr;
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return found->as_string();
  fail(describe(name, description, "is not a string"));
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::integer(const Json& parent, std::string_view name) {
  const Json* const found = ok() ? parent.find(name) : nullptr;
  if (found == nullptr) return std::nullopt;
  if (found->is_integer()) return found->as_integer();
  fail(describe(name, {}, "is not an int"));
  return std::nullopt;
}

std::optional<bool> JsonFields::boolean(const Json& parent, std::string_view name) {
  const Json* const found = ok() ? parent.find(name) : nullptr;
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->as_bool();
  fail(describe(name, {}, "is not a bool"));
  return std::nullopt;
}

std::string JsonFields::required_text(const Json& parent, std::string_view name, std::string_view description) {
  auto found = text(parent, name, description);
  if (!found) fail(describe(name, description, "is missing"));
  return found.value_or("");
}

std::vector<std::string> JsonFields::identifiers(const Json& array, std::string_view name) {
  std::vector<std::string> out;
  if (!array.is_array()) {
    fail(fmt::format("the field /{}/ must be a JSON array", name));
    return out;
  }
  for (const Json& item : array.as_array()) {
    if (!item.is_string()) {
      fail(fmt::format("only JSON Strings allowed in string vector /{}/", name));
      return out;
    }
    out.push_back(item.as_string());
  }
  for (auto it = out.begin(); it != out.end(); ++it) {
    if (std::find(it + 1, out.end(), *it) != out.end()) fail(fmt::format("duplicated item /{}/ in array", *it));
    if (is_bad_identifier(*it)) fail("forbidden characters in attribute name");
    if (it->empty()) fail(fmt::format("empty string found in string vector /{}/", name));
  }
  return out;
}

}  // namespace machi::broker

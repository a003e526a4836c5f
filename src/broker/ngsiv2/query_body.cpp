#include "broker/ngsiv2/query_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/ngsiv2/canonical_json.h"
#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

bool has_member(object members, std::string_view name) {
  return members.at_key(name).error() == simdjson::SUCCESS;
}

Result<> check_pattern(std::string_view what, std::string_view pattern) {
  if (pattern.empty()) return errors::bad_request(fmt::format("entity {} length: 0, min length supported: 1", what));
  if (pattern.size() > kMaxIdentifierBytes) {
    return errors::bad_request(
        fmt::format("entity {} length: {}, max length supported: {}", what, pattern.size(), kMaxIdentifierBytes));
  }
  return {};
}

/// One member of an entity of the list.
Result<> read_choice_member(std::string_view name, element value, EntityChoice& out, Rules rules) {
  const bool known = name == "id" || name == "idPattern" || name == "type" || name == "typePattern";
  if (!known) return errors::bad_request("no attributes allowed in Entity in this payload");
  const auto text = text_of(value);
  if (!text) return errors::bad_request(fmt::format("Invalid JSON type for entity {}", name));
  if (name == "id") {
    out.id = *text;
    return check_identifier("entity id", *text, rules);
  }
  if (name == "type") {
    out.type = *text;
    return check_identifier("entity type", *text, rules);
  }
  (name == "idPattern" ? out.id_pattern : out.type_pattern) = *text;
  return check_pattern(name, *text);
}

Result<EntityChoice> read_choice(element value, Rules rules) {
  if (!value.is_object()) return errors::bad_request("entity is not a JSON object");
  const object members = value.get_object().value_unsafe();
  const bool has_id = has_member(members, "id");
  const bool has_pattern = has_member(members, "idPattern");
  if (has_id && has_pattern) return errors::bad_request("both /id/ and /idPattern/ present");
  if (!has_id && !has_pattern) return errors::bad_request("nor /id/ nor /idPattern/ present");
  if (has_id && text_of(members.at_key("id").value_unsafe()) == "") {
    return errors::bad_request("id and idPattern cannot be both empty at the same time");
  }
  EntityChoice out;
  for (const auto& [name, item] : members) {
    if (auto read = read_choice_member(name, item, out, rules); !read) return fail(std::move(read.error()));
  }
  if (!out.type.empty() && !out.type_pattern.empty()) {
    return errors::bad_request("type and typePattern cannot be both filled at the same time");
  }
  return out;
}

Result<std::vector<EntityChoice>> read_choices(element value, Rules rules) {
  if (!value.is_array()) return errors::bad_request("not a JSON array");
  std::vector<EntityChoice> out;
  for (const element item : value.get_array().value_unsafe()) {
    auto choice = read_choice(item, rules);
    if (!choice) return fail(std::move(choice.error()));
    out.push_back(std::move(*choice));
  }
  return out;
}

Result<std::vector<std::string>> read_names(std::string_view field, element value) {
  if (!value.is_array()) return errors::bad_request(fmt::format("the field /{}/ must be a JSON array", field));
  std::vector<std::string> out;
  for (const element item : value.get_array().value_unsafe()) {
    const auto text = text_of(item);
    if (!text) return errors::bad_request(fmt::format("only JSON Strings allowed in {} list", field));
    if (std::ranges::find(out, *text) == out.end()) out.emplace_back(*text);
  }
  return out;
}

Result<> read_text(object members, std::string_view name, std::string& out) {
  const auto member = members.at_key(name);
  if (member.error() != simdjson::SUCCESS) return {};
  const auto text = text_of(member.value_unsafe());
  if (!text) return errors::bad_request(fmt::format("{} is not a string", name));
  if (text->empty()) return errors::bad_request(fmt::format("{} is empty", name));
  out = *text;
  return {};
}

Result<ExpressionText> read_expression(element value) {
  if (!value.is_object()) return errors::bad_request("expression is not an object");
  const object members = value.get_object().value_unsafe();
  if (members.size() == 0) return errors::bad_request("expression is empty");
  ExpressionText out;
  const std::pair<std::string_view, std::string*> fields[] = {
      {"q", &out.q}, {"mq", &out.mq}, {"geometry", &out.geometry}, {"coords", &out.coords}, {"georel", &out.georel}};
  for (const auto& [name, target] : fields) {
    if (auto read = read_text(members, name, *target); !read) return fail(std::move(read.error()));
  }
  const int given = !out.georel.empty() + !out.geometry.empty() + !out.coords.empty();
  if (given != 0 && given != 3) {
    return errors::bad_request("partial geo expression: geometry, georel and coords have to be provided together");
  }
  return out;
}

/// Moves what was read to its place, or passes the error on.
template <typename T>
Result<> store(Result<T> read, T& out) {
  if (!read) return fail(std::move(read.error()));
  out = std::move(*read);
  return {};
}

Result<> read_member(std::string_view name, element value, BatchQuery& out, Rules rules) {
  if (name == "entities") return store(read_choices(value, rules), out.entities);
  if (name == "attributes") return store(read_names(name, value), out.attributes);
  if (name == "attrs") return store(read_names(name, value), out.attrs);
  if (name == "metadata") return store(read_names(name, value), out.metadata);
  if (name == "expression") return store(read_expression(value), out.expression);
  return errors::bad_request(fmt::format("Unrecognized field in JSON payload: /{}/", name));
}

}  // namespace

Result<BatchQuery> parse_batch_query(std::string_view body, Rules rules) {
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  if (root->size() == 0) return errors::empty_payload();
  const std::string_view relevant[] = {"entities", "attributes", "attrs", "expression"};
  if (std::ranges::none_of(relevant, [&](std::string_view name) { return has_member(*root, name); })) {
    return errors::bad_request("Invalid JSON payload, no relevant fields found");
  }
  BatchQuery out;
  for (const auto& [name, value] : *root) {
    if (auto read = read_member(name, value, out, rules); !read) return fail(std::move(read.error()));
  }
  return out;
}

}  // namespace machi::broker::ngsiv2

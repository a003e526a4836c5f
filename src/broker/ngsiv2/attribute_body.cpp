#include "broker/ngsiv2/attribute_body.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "broker/model/attribute_types.h"
#include "broker/model/datetime.h"
#include "broker/model/update_operators.h"
#include "broker/ngsiv2/canonical_json.h"
#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view kUnrestricted = "TextUnrestricted";

/// An attribute while it is read: what can only be judged when all of it is known.
struct Draft {
  AttributeChange attribute;
  bool has_value = false;
  bool has_forbidden_value = false;     ///< forbidden characters in the value
  bool has_forbidden_metadata = false;  ///< in the text value of a metadata
};

UpdateOperator first_operator(element value) {
  if (!value.is_object()) return UpdateOperator::none;
  const object members = value.get_object().value_unsafe();
  return members.size() == 0 ? UpdateOperator::none : parse_operator((*members.begin()).key);
}

Result<> read_operators(object members, Draft& draft, CanonicalWriter& writer) {
  auto& operators = draft.attribute.operators;
  for (const auto& [name, operand] : members) {
    const UpdateOperator op = parse_operator(name);
    if (op == UpdateOperator::none) {
      return errors::bad_request("an attribute value with an update operator cannot have other members");
    }
    std::string text;
    if (!writer.append(text, operand)) return fail(writer.error());
    operators.emplace_back(op, std::move(text));
  }
  const auto stands_alone = [](const auto& o) {
    return o.first != UpdateOperator::set && o.first != UpdateOperator::unset;
  };
  if (operators.size() > 1 && std::ranges::any_of(operators, stands_alone)) {
    return errors::bad_request("only the update operators $set and $unset can be combined");
  }
  return {};
}

Result<> read_value(element value, Draft& draft) {
  CanonicalWriter writer;
  if (first_operator(value) != UpdateOperator::none) {
    auto read = read_operators(value.get_object().value_unsafe(), draft, writer);
    if (!read) return read;
  } else {
    std::string text;
    if (!writer.append(text, value)) return fail(writer.error());
    draft.attribute.value = std::move(text);
  }
  draft.has_forbidden_value = writer.found_forbidden_characters();
  return {};
}

/// Replaces the JSON string of a moment by its canonical form. False when it is no moment.
bool make_canonical_date(JsonText& value) {
  const auto t = datetime_of(value);
  if (!t) return false;
  value.clear();
  JsonWriter::append_quoted(value, canonical_datetime(*t));
  return true;
}

Result<MetadataChange> read_metadata_members(std::string_view name, object members, Draft& draft) {
  MetadataChange out{.name = std::string(name)};
  for (const auto& [key, value] : members) {
    if (key == "type") {
      const auto type = text_of(value);
      if (!type) return errors::bad_request("invalid JSON type for attribute metadata type");
      out.type = *type;
    } else if (key == "value") {
      out.value.clear();
      CanonicalWriter writer;
      if (!writer.append(out.value, value)) return fail(writer.error());
      if (value.is_string() && writer.found_forbidden_characters()) draft.has_forbidden_metadata = true;
    } else {
      return errors::bad_request("invalid JSON field for attribute metadata");
    }
  }
  if (out.type && is_date_type(*out.type) && out.value != "null" && !make_canonical_date(out.value)) {
    return errors::bad_request("date has invalid format in metadata value");
  }
  if (!out.type) out.type = default_type(out.value);
  return out;
}

Result<> read_metadata(element value, Draft& draft) {
  if (!value.is_object()) return errors::bad_request("metadata not a JSON object");
  for (const auto& [name, item] : value.get_object().value_unsafe()) {
    if (!item.is_object()) return errors::bad_request("metadata must be a JSON object");
    auto metadata = read_metadata_members(name, item.get_object().value_unsafe(), draft);
    if (!metadata) return fail(std::move(metadata.error()));
    auto& all = draft.attribute.metadata;
    const auto twice = std::ranges::find(all, metadata->name, &MetadataChange::name);
    if (twice == all.end()) {
      all.push_back(std::move(*metadata));
    } else {
      *twice = std::move(*metadata);
    }
  }
  return {};
}

Result<> check_date(AttributeChange& a) {
  const auto wrong = [] { return errors::bad_request("date has invalid format in attribute value"); };
  if (!a.operators.empty()) {
    const UpdateOperator op = a.operators.front().first;
    const bool orders = op == UpdateOperator::minimum || op == UpdateOperator::maximum;
    if (!orders || !make_canonical_date(a.operators.front().second)) return wrong();
  } else if (a.value != "null" && !make_canonical_date(*a.value)) {
    return wrong();
  }
  return {};
}

/// The types whose values mean something.
Result<> check_special_types(AttributeChange& a) {
  if (!a.type) return {};
  if (is_date_type(*a.type)) return check_date(a);
  if (*a.type == "geo:json" && a.operators.empty() && a.value != "null" && !a.value->starts_with('{')) {
    return errors::bad_request("geo:json needs an object or null as value");
  }
  return {};
}

Result<> read_members(object members, Draft& draft) {
  for (const auto& [key, value] : members) {
    Result<> read{};
    if (key == "type") {
      const auto type = text_of(value);
      if (!type) return errors::bad_request("invalid JSON type for attribute type");
      draft.attribute.type = *type;
    } else if (key == "value") {
      if (std::exchange(draft.has_value, true)) return errors::bad_request("duplicated value key in attribute");
      read = read_value(value, draft);
    } else if (key == "metadata") {
      read = read_metadata(value, draft);
    } else {
      return errors::bad_request("unrecognized property for context attribute");
    }
    if (!read) return read;
  }
  return {};
}

bool is_unrestricted(const AttributeChange& a) {
  if (a.type == kUnrestricted) return true;
  const auto it = std::ranges::find(a.metadata, kUnrestricted, &MetadataChange::name);
  return it != a.metadata.end() && it->value == "true";
}

Result<> check_names(const AttributeChange& a, Rules rules) {
  if (auto ok = check_identifier("attribute name", a.name, rules); !ok) return ok;
  if (a.type) {
    if (auto ok = check_identifier("attribute type", *a.type, rules); !ok) return ok;
  }
  return {};
}

Result<> check(const Draft& draft, Rules rules) {
  const AttributeChange& a = draft.attribute;
  if (auto ok = check_names(a, rules); !ok) return ok;
  if (rules.forbid_characters && draft.has_forbidden_value && !is_unrestricted(a)) {
    return errors::bad_request("Invalid characters in attribute value");
  }
  for (const MetadataChange& m : a.metadata) {
    if (auto ok = check_identifier("metadata name", m.name, rules); !ok) return ok;
    if (auto ok = check_identifier("metadata type", *m.type, rules); !ok) return ok;
  }
  if (rules.forbid_characters && draft.has_forbidden_metadata) {
    return errors::bad_request("Invalid characters in metadata value");
  }
  return {};
}

/// Everything after the members have been read.
Result<AttributeChange> complete(Draft&& draft, Rules rules) {
  AttributeChange& a = draft.attribute;
  if (!a.value && a.operators.empty()) a.value = "null";
  if (auto ok = check_special_types(a); !ok) return fail(std::move(ok.error()));
  if (!a.type && a.value) a.type = default_type(*a.value);
  if (auto ok = check(draft, rules); !ok) return fail(std::move(ok.error()));
  return std::move(a);
}

/// A value alone: type and metadata stay as they are.
Result<AttributeChange> complete_value(Draft&& draft, Rules rules) {
  if (auto ok = check(draft, rules); !ok) return fail(std::move(ok.error()));
  return std::move(draft.attribute);
}

bool is_word(std::string_view text, std::string_view lower, std::string_view capital, std::string_view upper) {
  return text == lower || text == capital || text == upper;
}

std::optional<double> read_number(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  text = text.substr(from, text.find_last_not_of(kBlank) - from + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

Result<AttributeChange> read_attribute(std::string_view name, element value, AttributeForm form, Rules rules) {
  Draft draft;
  draft.attribute.name = name;
  if (form == AttributeForm::key_values) {
    if (auto read = read_value(value, draft); !read) return fail(std::move(read.error()));
    return complete(std::move(draft), rules);
  }
  if (!value.is_object()) {
    return errors::bad_request("attribute must be a JSON object, unless keyValues option is used");
  }
  if (auto read = read_members(value.get_object().value_unsafe(), draft); !read) return fail(std::move(read.error()));
  return complete(std::move(draft), rules);
}

Result<AttributeChange> parse_attribute(std::string_view name, std::string_view body, Rules rules) {
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  Draft draft;
  draft.attribute.name = name;
  if (auto read = read_members(*root, draft); !read) return fail(std::move(read.error()));
  return complete(std::move(draft), rules);
}

Result<AttributeChange> parse_json_value(std::string_view name, std::string_view body, Rules rules) {
  const auto root = parse_body(body);
  if (!root) return fail(root.error());
  if (!root->is_object() && !root->is_array()) {
    return errors::bad_request("Neither JSON Object nor JSON Array for attribute::value");
  }
  Draft draft;
  draft.attribute.name = name;
  if (auto read = read_value(*root, draft); !read) return fail(std::move(read.error()));
  return complete_value(std::move(draft), rules);
}

Result<AttributeChange> parse_text_value(std::string_view name, std::string_view body, Rules rules) {
  Draft draft;
  draft.attribute.name = name;
  std::string value;
  if (body.starts_with('"')) {
    if (body.size() < 2 || !body.ends_with('"')) {
      return errors::bad_request("Missing citation-mark at end of string");
    }
    const std::string_view text = body.substr(1, body.size() - 2);
    if (text.contains('\0') || !simdjson::validate_utf8(text.data(), text.size())) {
      return errors::bad_request("attribute value type not recognized");
    }
    draft.has_forbidden_value = has_forbidden_characters(text);
    JsonWriter::append_quoted(value, text);
  } else if (is_word(body, "true", "True", "TRUE")) {
    value = "true";
  } else if (is_word(body, "false", "False", "FALSE")) {
    value = "false";
  } else if (is_word(body, "null", "Null", "NULL")) {
    value = "null";
  } else if (const auto number = read_number(body)) {
    JsonWriter::append_number(value, *number);
  } else {
    return errors::bad_request("attribute value type not recognized");
  }
  draft.attribute.value = std::move(value);
  return complete_value(std::move(draft), rules);
}

}  // namespace machi::broker::ngsiv2

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "core/resource_declaration.h"

namespace machi::core {
namespace {

using Faults = std::vector<FieldFault>;

bool is_given(const Json* value) {
  return value != nullptr && !value->is_null();
}

/// Unicode code points of UTF-8 text.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void add(Faults& faults, std::string_view field, std::string_view code, std::string detail) {
  faults.push_back({std::string(field), code, std::move(detail)});
}

void check_integer(const ResourceField& field, std::int64_t value, Faults& faults) {
  if (field.least && value < *field.least) {
    add(faults, field.name, "too_small", fmt::format("must not be less than {}", *field.least));
  }
  if (field.most && value > *field.most) {
    add(faults, field.name, "too_large", fmt::format("must not be greater than {}", *field.most));
  }
}

void check_text(const ResourceField& field, const std::string& value, Faults& faults) {
  const std::size_t length = characters(value);
  if (has_control_character(value)) {
    add(faults, field.name, "control_character", "must not hold control characters");
  } else if (length < field.shortest) {
    add(faults, field.name, "too_short", fmt::format("must have at least {} characters", field.shortest));
  } else if (length > field.longest) {
    add(faults, field.name, "too_long", fmt::format("must have at most {} characters", field.longest));
  } else if (!field.one_of.empty() && std::ranges::find(field.one_of, value) == field.one_of.end()) {
    add(faults, field.name, "not_listed", fmt::format("must be one of {}", fmt::join(field.one_of, ", ")));
  } else if (std::ranges::find(field.none_of, value) != field.none_of.end()) {
    add(faults, field.name, "reserved", fmt::format("must not be {}", value));
  } else if (!field.pattern.empty() && !RE2::FullMatch(value, RE2(field.pattern))) {
    add(faults, field.name, "pattern", fmt::format("must match {}", field.pattern));
  }
}

void check_value(const ResourceField& field, const Json& value, Faults& faults) {
  switch (field.type) {
    case FieldType::boolean:
      if (!value.is_bool()) add(faults, field.name, "type", "must be true or false");
      return;
    case FieldType::integer:
      if (!value.is_integer()) return add(faults, field.name, "type", "must be a whole number");
      return check_integer(field, value.as_integer(), faults);
    case FieldType::text:
      if (!value.is_string()) return add(faults, field.name, "type", "must be a text");
      return check_text(field, value.as_string(), faults);
  }
}

/// What the field gets: the value sent, the secret that is there, or the default. nullptr: nothing.
const Json* chosen(const ResourceField& field, const Json& body, const Json* current) {
  const Json* sent = body.find(field.name);
  if (field.secret) {
    const bool is_mask = is_given(sent) && sent->is_string() && sent->as_string() == kSecretMask;
    if (sent == nullptr || is_mask) return current != nullptr ? current->find(field.name) : nullptr;
  }
  if (is_given(sent)) return sent;
  return field.fallback ? &*field.fallback : nullptr;
}

void check_unchanged(const ResourceDeclaration& declaration, const ResourceField& field, const Json* value,
                     const Json& current, Faults& faults) {
  if (!field.immutable && !declaration.is_key(field.name)) return;
  const Json* before = current.find(field.name);
  const bool same = is_given(before) == is_given(value) && (!is_given(value) || *value == *before);
  if (!same) add(faults, field.name, "immutable", "cannot be changed");
}

bool is_greater(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.as_number() > b.as_number();
  return a.is_string() && b.is_string() && a.as_string() > b.as_string();
}

void check_rule(const CrossRule& rule, const Json& document, Faults& faults) {
  const auto given = [&](std::string_view name) { return is_given(document.find(name)); };
  const auto count = std::ranges::count_if(rule.fields, given);
  const Json* first = document.find(rule.fields.front());
  switch (rule.kind) {
    case CrossRule::Kind::ordered:
      if (count == 2 && is_greater(*first, *document.find(rule.fields[1]))) {
        add(faults, rule.fields.front(), "order", fmt::format("must not be greater than {}", rule.fields[1]));
      }
      return;
    case CrossRule::Kind::exclusive:
      if (count > 1) {
        add(faults, rule.fields.front(), "exclusive",
            fmt::format("at most one of {} may be given", fmt::join(rule.fields, ", ")));
      }
      return;
    case CrossRule::Kind::together:
      for (const std::string_view name : rule.fields) {
        if (count > 0 && !given(name)) {
          add(faults, name, "required", fmt::format("is required with {}", fmt::join(rule.fields, ", ")));
        }
      }
      return;
    case CrossRule::Kind::required_if:
      if (!is_given(first) || !first->is_string() || first->as_string() != rule.value) return;
      for (std::size_t i = 1; i < rule.fields.size(); ++i) {
        if (given(rule.fields[i])) continue;
        add(faults, rule.fields[i], "required",
            fmt::format("is required when {} is {}", rule.fields.front(), rule.value));
      }
      return;
  }
}

void check_members(const ResourceDeclaration& declaration, const Json& body, Faults& faults) {
  for (const auto& [name, value] : body.as_object()) {
    if (declaration.find(name) == nullptr && !is_envelope(name)) {
      add(faults, name, "unknown", "is no field of this resource");
    }
  }
}

}  // namespace

std::expected<Json, std::vector<FieldFault>> complete(const ResourceDeclaration& declaration, const Json& body,
                                                      const Json* current) {
  Faults faults;
  if (!body.is_object()) {
    add(faults, "", "type", "the body must be a JSON object");
    return std::unexpected(std::move(faults));
  }
  check_members(declaration, body, faults);
  Json document{Json::Object{}};
  for (const ResourceField& field : declaration.fields) {
    if (field.read_only) continue;
    const Json* value = chosen(field, body, current);
    if (current != nullptr) check_unchanged(declaration, field, value, *current, faults);
    if (is_given(value)) {
      check_value(field, *value, faults);
      document.set(field.name, *value);
    } else if (field.required) {
      add(faults, field.name, "required", "is required");
    }
  }
  // Rules speak of values that are right each by itself.
  if (faults.empty()) {
    for (const CrossRule& rule : declaration.rules) check_rule(rule, document, faults);
  }
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return document;
}

}  // namespace machi::core

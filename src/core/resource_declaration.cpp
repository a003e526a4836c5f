#include "core/resource_declaration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace machi::core {
namespace {

constexpr std::array<std::string_view, 6> kEnvelope{"id", "tenant", "revision", "created", "modified", "modified_by"};

[[noreturn]] void contradiction(const ResourceDeclaration& declaration, std::string_view what) {
  throw std::logic_error(fmt::format("resource {}: {}", declaration.kind, what));
}

void append_key_part(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '%') {
      out += "%25";
    } else if (c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
}

std::string text_of(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->as_string() : value->dump();
}

}  // namespace

constinit const ResourceStatements kResourceTable{
    .list = {"resource_list", R"(
  select name, document::text, '{}', revision, created, modified, modified_by from machi.resource
  where tenant = $1::int and kind = $2::text order by name limit $3::bigint offset $4::bigint)"},
    .count = {"resource_count", "select count(*) from machi.resource where tenant = $1::int and kind = $2::text"},
    .get = {"resource_get", R"(
  select name, document::text, '{}', revision, created, modified, modified_by from machi.resource
  where tenant = $1::int and kind = $2::text and name = $3::text)"},
    .lock = {"resource_lock", R"(
  select name, document::text, '{}', revision, created, modified, modified_by from machi.resource
  where tenant = $1::int and kind = $2::text and name = $3::text for update)"},
    .insert = {"resource_insert", R"(
  insert into machi.resource (tenant, kind, name, document, modified_by)
  values ($1::int, $2::text, $3::text, $4::jsonb, $5::text))"},
    .update = {"resource_update", R"(
  update machi.resource set document = $4::jsonb, modified_by = $5::text, modified = now(), revision = revision + 1
  where tenant = $1::int and kind = $2::text and name = $3::text)"},
    .remove = {"resource_remove",
               "delete from machi.resource where tenant = $1::int and kind = $2::text and name = $3::text"},
};

const ResourceField* ResourceDeclaration::find(std::string_view field) const {
  const auto it = std::ranges::find(fields, field, &ResourceField::name);
  return it == fields.end() ? nullptr : &*it;
}

bool ResourceDeclaration::is_key(std::string_view field) const {
  return std::ranges::find(key, field) != key.end();
}

bool is_envelope(std::string_view member) {
  return std::ranges::find(kEnvelope, member) != kEnvelope.end();
}

Json patched(const ResourceDeclaration& declaration, const Json& current, const Json& patch) {
  Json out = current;
  if (!patch.is_object()) return out;
  for (const auto& [name, value] : patch.as_object()) {
    const ResourceField* field = declaration.find(name);
    if (value.is_null() && field != nullptr && !field->secret) {
      out.erase(name);
    } else {
      out.set(name, value);
    }
  }
  return out;
}

std::string id_of(const ResourceDeclaration& declaration, const Json& document) {
  if (declaration.key.size() == 1) return text_of(document.find(declaration.key.front()));
  std::string id;
  for (std::size_t i = 0; i < declaration.key.size(); ++i) {
    if (i > 0) id += ',';
    append_key_part(id, text_of(document.find(declaration.key[i])));
  }
  return id;
}

std::vector<std::string> key_of(const ResourceDeclaration& declaration, std::string_view id) {
  if (declaration.key.size() == 1) return {std::string(id)};
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (id[i] == ',') {
      parts.emplace_back();
    } else if (id.substr(i, 3) == "%25" || id.substr(i, 3) == "%2C") {
      parts.back() += id[i + 2] == '5' ? '%' : ',';
      i += 2;
    } else {
      parts.back() += id[i];
    }
  }
  if (parts.size() != declaration.key.size()) return {};
  return parts;
}

Json masked(const ResourceDeclaration& declaration, Json document) {
  for (const ResourceField& field : declaration.fields) {
    if (!field.secret) continue;
    if (Json* value = document.find(field.name); value != nullptr && !value->is_null()) *value = Json(kSecretMask);
  }
  return document;
}

void check_declaration(const ResourceDeclaration& declaration) {
  if (declaration.key.empty()) contradiction(declaration, "has no key");
  for (const std::string_view name : declaration.key) {
    const ResourceField* field = declaration.find(name);
    if (field == nullptr) contradiction(declaration, fmt::format("the key names {}, which is no field", name));
    if (field->secret || field->read_only || (!field->required && !field->fallback)) {
      contradiction(declaration, fmt::format("{} cannot be a key", name));
    }
  }
  for (const CrossRule& rule : declaration.rules) {
    if (rule.fields.size() < 2) contradiction(declaration, "a rule over less than two fields");
    for (const std::string_view name : rule.fields) {
      if (declaration.find(name) == nullptr) contradiction(declaration, fmt::format("a rule names {}", name));
    }
  }
  for (const ResourceField& field : declaration.fields) {
    if (is_envelope(field.name)) contradiction(declaration, fmt::format("{} is a name of the envelope", field.name));
    if (!field.fallback) continue;
    ResourceDeclaration alone = declaration;
    alone.fields = {field};
    alone.rules.clear();
    Json body{Json::Object{{std::string(field.name), *field.fallback}}};
    if (!complete(alone, body, nullptr)) contradiction(declaration, fmt::format("the default of {}", field.name));
  }
}

}  // namespace machi::core

#include <algorithm>

#include "base/json.h"
#include "broker/registration/registration.h"
#include "net/client.h"

// The order of the checks is that of Orion: a body with several faults gets the answer that its clients expect.

namespace machi::broker {
namespace {

constexpr std::size_t kDescriptionBytes = 1024;
constexpr std::size_t kEntitiesAtMost = 1000;
constexpr std::size_t kAttributesAtMost = 1000;

Failure bad(std::string sentence) {
  return fail(ErrorCode::bad_request, std::move(sentence));
}

/// A member that must be a string when it is there; nullptr when it is not.
Result<const std::string*> optional_string(const Json& object, std::string_view name, std::string_view sentence) {
  const auto* member = object.find(name);
  if (member == nullptr) return nullptr;
  if (!member->is_string()) return bad(std::string(sentence));
  return &member->as_string();
}

Result<> parse_description(const Json& body, ngsiv2::Rules rules, Registration& out) {
  const auto description = optional_string(body, "description", "invalid description");
  if (!description) return fail(description.error());
  if (*description == nullptr) return {};
  if ((*description)->size() > kDescriptionBytes) return bad("max description length exceeded");
  if (rules.forbid_characters && ngsiv2::has_forbidden_characters(**description)) {
    return bad("forbidden characters in description");
  }
  out.description = **description;
  return {};
}

Result<> check_choices(const Json& entity) {
  const auto has = [&](std::string_view name) { return entity.find(name) != nullptr; };
  if (!has("id") && !has("idPattern")) return bad("/entities/ vector item does not have /id/ nor /idPattern/");
  if (has("id") && has("idPattern")) return bad("/entities/ vector item has both /id/ and /idPattern/");
  if (has("type") && has("typePattern")) return bad("/entities/ element has both /type/ and /typePattern/");
  return {};
}

Result<std::string> parse_id(const Json& entity, ngsiv2::Rules rules) {
  const auto id = optional_string(entity, "id", "/entities/ vector item /id/ is not a string");
  if (!id) return fail(id.error());
  if (*id == nullptr) return std::string{};
  if ((*id)->empty()) return bad("/entities/ element id is empty");
  if (ngsiv2::has_bad_identifier_characters(**id, rules)) {
    return bad("forbidden characters in /entities/ vector item /id/");
  }
  if ((*id)->size() > ngsiv2::kMaxIdentifierBytes) return bad("max id length exceeded in /entities/ vector item /id/");
  return **id;
}

Result<std::string> parse_type(const Json& entity, ngsiv2::Rules rules) {
  const auto type = optional_string(entity, "type", "/entities/ vector item type is not a string");
  if (!type) return fail(type.error());
  if (*type == nullptr) return std::string{};
  if (ngsiv2::has_bad_identifier_characters(**type, rules)) {
    return bad("forbidden characters in /entities/ vector item /type/");
  }
  if ((*type)->size() > ngsiv2::kMaxIdentifierBytes) {
    return bad("max type length exceeded in /entities/ vector item /type/");
  }
  if ((*type)->empty()) return bad("entity type length: 0, min length supported: 1");
  return **type;
}

/// A pattern as text, empty when there is none.
Result<std::string> parse_pattern(const Json& entity, std::string_view name) {
  const std::string field = "/entities/ vector item /" + std::string(name) + "/";
  const auto pattern = optional_string(entity, name, field + " is not a string");
  if (!pattern) return fail(pattern.error());
  if (*pattern == nullptr) return std::string{};
  if ((*pattern)->empty()) return bad(field + " is empty");
  return **pattern;
}

/// One item of `entities`; what is not supported is told after all items have been read, as `unsupported`.
Result<ProvidedEntity> parse_entity(const Json& item, ngsiv2::Rules rules, std::optional<Error>& unsupported) {
  if (!item.is_object()) return bad("/entities/ vector item is not an object");
  const auto choices = check_choices(item);
  if (!choices) return fail(choices.error());
  auto id = parse_id(item, rules);
  if (!id) return fail(id.error());
  const auto id_pattern = parse_pattern(item, "idPattern");
  if (!id_pattern) return fail(id_pattern.error());
  auto type = parse_type(item, rules);
  if (!type) return fail(type.error());
  const auto type_pattern = parse_pattern(item, "typePattern");
  if (!type_pattern) return fail(type_pattern.error());
  if (!unsupported && !id_pattern->empty() && *id_pattern != ".*") {
    unsupported = Error{ErrorCode::not_implemented, "Unsupported idPattern"};
  }
  if (!unsupported && !type_pattern->empty()) {
    unsupported = Error{ErrorCode::not_implemented, "typePattern is not supported"};
  }
  return ProvidedEntity{std::move(*id), std::move(*type)};
}

Result<> parse_entities(const Json& entities, ngsiv2::Rules rules, Registration& out) {
  if (!entities.is_array()) return bad("/entities/ is not an array");
  if (entities.as_array().size() > kEntitiesAtMost) return bad("too many items in /entities/");
  std::optional<Error> unsupported;
  for (const auto& item : entities.as_array()) {
    auto entity = parse_entity(item, rules, unsupported);
    if (!entity) return fail(entity.error());
    if (std::ranges::find(out.entities, *entity) == out.entities.end()) out.entities.push_back(std::move(*entity));
  }
  if (unsupported) return fail(*unsupported);
  return {};
}

Result<> parse_attributes(const Json& attributes, ngsiv2::Rules rules, Registration& out) {
  if (!attributes.is_array()) return bad("the field /attrs/ must be a JSON array");
  if (attributes.as_array().size() > kAttributesAtMost) return bad("too many items in /attrs/");
  for (const auto& item : attributes.as_array()) {
    if (!item.is_string()) return bad("only JSON Strings allowed in string vector /attrs/");
    const auto& name = item.as_string();
    if (std::ranges::count(attributes.as_array(), item) > 1) return bad("duplicated item /" + name + "/ in array");
    if (ngsiv2::has_bad_identifier_characters(name, rules)) return bad("forbidden characters in attribute name");
    if (name.empty()) return bad("empty string found in string vector /attrs/");
    out.attributes.push_back(name);
  }
  return {};
}

Result<> parse_data_provided(const Json& provided, ngsiv2::Rules rules, Registration& out) {
  if (!provided.is_object()) return bad("/dataProvided/ must be a JSON object");
  if (provided.as_object().empty()) return bad("/dataProvided/ is empty");
  out.entities.clear();
  out.attributes.clear();
  if (const auto* entities = provided.find("entities"); entities != nullptr) {
    const auto parsed = parse_entities(*entities, rules, out);
    if (!parsed) return parsed;
  }
  if (const auto* attributes = provided.find("attrs"); attributes != nullptr) {
    return parse_attributes(*attributes, rules, out);
  }
  return {};
}

Result<> parse_http(const Json& http, Registration& out) {
  if (!http.is_object()) return bad("/http/ must be a JSON object");
  const auto* url = http.find("url");
  if (url == nullptr) return bad("/http/ must contain a field /url/");
  if (!url->is_string()) return bad("/url/ field of /http/ must be a JSON string");
  if (url->as_string().empty()) return bad("/url/ field of /http/ cannot be the empty string");
  const auto parsed = net::Url::parse(url->as_string());
  if (!parsed || !parsed->scheme.starts_with("http")) return bad("/url/ field of /http/ is invalid");
  out.url = url->as_string();
  return {};
}

Result<ForwardingMode> parse_mode(const Json& provider) {
  const auto* member = provider.find("supportedForwardingMode");
  if (member == nullptr) return ForwardingMode::all;
  if (!member->is_string()) return bad("/supportedForwardingMode/ must be a JSON string");
  for (const auto mode : {ForwardingMode::all, ForwardingMode::query, ForwardingMode::update, ForwardingMode::none}) {
    if (member->as_string() == name_of(mode)) return mode;
  }
  return bad("invalid value of /supportedForwardingMode/");
}

Result<> parse_provider(const Json& provider, Registration& out) {
  if (!provider.is_object()) return bad("/provider/ must be a JSON object");
  if (provider.as_object().empty()) return bad("/provider/ empty");
  const auto* http = provider.find("http");
  if (http == nullptr) return bad("/provider/ must contain a field /http/");
  const auto target = parse_http(*http, out);
  if (!target) return target;
  const auto mode = parse_mode(provider);
  if (!mode) return fail(mode.error());
  out.mode = *mode;
  const auto* legacy = provider.find("legacyForwarding");
  if (legacy != nullptr && !legacy->is_bool()) return bad("the field /legacyForwarding/ must be a boolean");
  out.legacy_forwarding = legacy != nullptr && legacy->as_bool();
  return {};
}

Result<> parse_expires(const Json& body, Registration& out) {
  const auto text = optional_string(body, "expires", "expires is not a string");
  if (!text) return fail(text.error());
  if (*text == nullptr) return {};
  out.expires.reset();
  if ((*text)->empty()) return {};
  out.expires = parse_iso8601(**text);
  if (!out.expires) return bad("the field /expires/ has an invalid format");
  return {};
}

Result<> parse_status(const Json& body, Registration& out) {
  const auto status = optional_string(body, "status", "/status/ must be a string");
  if (!status) return fail(status.error());
  if (*status == nullptr) return {};
  if (**status != "active" && **status != "inactive") return bad("invalid value for /status/");
  out.active = **status == "active";
  return {};
}

/// Takes over what the body names. `whole`: dataProvided and provider must be there.
Result<Registration> read_body(Registration out, std::string_view text, ngsiv2::Rules rules, bool whole) {
  const auto body = Json::parse(text);
  if (!body) return bad("Errors found in incoming JSON buffer");
  if (!body->is_object()) return bad("not a JSON object");
  if (body->as_object().empty()) return bad("empty payload");
  if (auto done = parse_description(*body, rules, out); !done) return fail(done.error());
  const auto* provided = body->find("dataProvided");
  if (provided == nullptr && whole) return bad("the field /dataProvided/ is missing in payload");
  if (provided != nullptr) {
    if (auto done = parse_data_provided(*provided, rules, out); !done) return fail(done.error());
  }
  const auto* provider = body->find("provider");
  if (provider == nullptr && whole) return bad("the field /provider/ is missing in payload");
  if (provider != nullptr) {
    if (auto done = parse_provider(*provider, out); !done) return fail(done.error());
  }
  if (auto done = parse_expires(*body, out); !done) return fail(done.error());
  if (auto done = parse_status(*body, out); !done) return fail(done.error());
  return out;
}

}  // namespace

Result<Registration> parse_registration(std::string_view body, ngsiv2::Rules rules) {
  return read_body({}, body, rules, true);
}

Result<Registration> patch_registration(Registration current, std::string_view body, ngsiv2::Rules rules) {
  return read_body(std::move(current), body, rules, false);
}

Result<Registration> from_definition(std::string_view definition) {
  auto registration = read_body({}, definition, {}, true);
  if (!registration)
    return fail(ErrorCode::internal, "a stored registration is broken: " + registration.error().message);
  return registration;
}

}  // namespace machi::broker

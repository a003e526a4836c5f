#include "broker/registration/provider_answer.h"

#include <simdjson.h>

#include <charconv>

#include "broker/ngsiv2/attribute_body.h"
#include "broker/ngsiv2/canonical_json.h"

namespace machi::broker {
namespace {

namespace dom = simdjson::dom;
using ngsiv2::canonical;
using ngsiv2::text_of;

constexpr int kNoContent = 204;
constexpr int kNotFound = 404;
constexpr int kUnprocessable = 422;

Failure unreadable(std::string_view what) {
  return fail(ErrorCode::bad_gateway, "The provider's answer cannot be read: " + std::string(what));
}

Failure unexpected_status(int status) {
  return fail(ErrorCode::bad_gateway, "The provider answered with status " + std::to_string(status));
}

Result<dom::element> parse(const std::string& body) {
  auto parsed = ngsiv2::parse_body(body);
  if (!parsed) return unreadable(parsed.error().message);
  return parsed;
}

std::string member_text(dom::object object, std::string_view name) {
  dom::element member;
  if (object.at_key(name).get(member) != simdjson::SUCCESS) return {};
  return std::string(text_of(member).value_or(""));
}

Attribute to_attribute(AttributeChange change) {
  Attribute out;
  out.name = std::move(change.name);
  out.type = std::move(change.type).value_or("");
  out.value = std::move(change.value).value_or("null");
  for (auto& metadata : change.metadata) {
    out.metadata.push_back(
        {std::move(metadata.name), std::move(metadata.type).value_or(""), std::move(metadata.value)});
  }
  return out;
}

Result<Entity> read_entity(dom::element element) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return unreadable("an entity is no object");
  Entity entity;
  entity.id = member_text(object, "id");
  entity.type = member_text(object, "type");
  if (entity.id.empty()) return unreadable("an entity has no id");
  for (const auto [name, value] : object) {
    if (name == "id" || name == "type") continue;
    auto attribute = ngsiv2::read_attribute(name, value, ngsiv2::AttributeForm::normalized, {});
    if (!attribute) return unreadable(attribute.error().message);
    if (!attribute->operators.empty()) return unreadable("an attribute's value is an operator");
    entity.attributes.push_back(to_attribute(std::move(*attribute)));
  }
  return entity;
}

Result<ProvidedEntities> read_entities(const std::string& body) {
  const auto parsed = parse(body);
  if (!parsed) return fail(parsed.error());
  dom::array array;
  if (parsed->get_array().get(array) != simdjson::SUCCESS) return unreadable("not an array of entities");
  ProvidedEntities out;
  for (const auto element : array) {
    auto entity = read_entity(element);
    if (!entity) return fail(entity.error());
    out.entities.push_back(std::move(*entity));
  }
  out.total = static_cast<std::int64_t>(out.entities.size());
  return out;
}

// ---- NGSIv1

Result<Metadata> read_legacy_metadata(dom::object object) {
  Metadata out{member_text(object, "name"), member_text(object, "type"), "null"};
  if (out.name.empty()) return unreadable("a metadata has no name");
  dom::element value;
  if (object.at_key("value").get(value) == simdjson::SUCCESS) {
    auto text = canonical(value);
    if (!text) return unreadable(text.error().message);
    out.value = std::move(*text);
  }
  return out;
}

Result<Attribute> read_legacy_attribute(dom::element element) {
  dom::object object;
  if (element.get_object().get(object) != simdjson::SUCCESS) return unreadable("an attribute is no object");
  Attribute out;
  out.name = member_text(object, "name");
  out.type = member_text(object, "type");
  if (out.name.empty()) return unreadable("an attribute has no name");
  dom::element value;
  if (object.at_key("value").get(value) == simdjson::SUCCESS) {
    auto text = canonical(value);
    if (!text) return unreadable(text.error().message);
    out.value = std::move(*text);
  }
  dom::array metadatas;
  if (object.at_key("metadatas").get_array().get(metadatas) != simdjson::SUCCESS) return out;
  for (const auto item : metadatas) {
    dom::object one;
    if (item.get_object().get(one) != simdjson::SUCCESS) return unreadable("a metadata is no object");
    auto metadata = read_legacy_metadata(one);
    if (!metadata) return fail(metadata.error());
    out.metadata.push_back(std::move(*metadata));
  }
  return out;
}

Result<Entity> read_legacy_entity(dom::object element) {
  Entity entity;
  entity.id = member_text(element, "id");
  entity.type = member_text(element, "type");
  if (entity.id.empty()) return unreadable("a contextElement has no id");
  dom::array attributes;
  if (element.at_key("attributes").get_array().get(attributes) != simdjson::SUCCESS) return entity;
  for (const auto item : attributes) {
    auto attribute = read_legacy_attribute(item);
    if (!attribute) return fail(attribute.error());
    entity.attributes.push_back(std::move(*attribute));
  }
  return entity;
}

/// `"code": "200"`, as text or as a number; providers write both. Absent: 200.
int status_code(dom::object object, std::string_view member) {
  dom::element code;
  if (object.at_key(member).at_key("code").get(code) != simdjson::SUCCESS) return 200;
  std::int64_t number = 0;
  if (code.get_int64().get(number) == simdjson::SUCCESS) return static_cast<int>(number);
  const auto text = text_of(code).value_or("");
  int parsed = 0;
  std::from_chars(text.data(), text.data() + text.size(), parsed);
  return parsed;
}

/// Hands each (contextElement, status) to `visit`, which returns Result<>.
template <typename Visit>
Result<> visit_legacy_responses(const std::string& body, Visit visit) {
  const auto parsed = parse(body);
  if (!parsed) return fail(parsed.error());
  dom::object object;
  if (parsed->get_object().get(object) != simdjson::SUCCESS) return unreadable("not an object");
  dom::array responses;
  if (object.at_key("contextResponses").get_array().get(responses) != simdjson::SUCCESS) {
    const int status = status_code(object, "errorCode");
    if (status == kNotFound) return {};
    return status == 200 ? unreadable("no contextResponses") : unexpected_status(status);
  }
  for (const auto item : responses) {
    dom::object response;
    dom::object element;
    const bool complete = item.get_object().get(response) == simdjson::SUCCESS &&
                          response.at_key("contextElement").get_object().get(element) == simdjson::SUCCESS;
    if (!complete) return unreadable("a context response has no contextElement");
    const auto visited = visit(element, status_code(response, "statusCode"));
    if (!visited) return visited;
  }
  return {};
}

Result<ProvidedEntities> read_legacy_entities(const std::string& body) {
  ProvidedEntities out;
  const auto read = visit_legacy_responses(body, [&](dom::object element, int status) -> Result<> {
    if (status != 200) return {};
    auto entity = read_legacy_entity(element);
    if (!entity) return fail(entity.error());
    out.entities.push_back(std::move(*entity));
    return {};
  });
  if (!read) return fail(read.error());
  out.total = static_cast<std::int64_t>(out.entities.size());
  return out;
}

std::optional<std::int64_t> total_count(const net::ClientResponse& response) {
  const auto text = response.headers.get("Fiware-Total-Count");
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0) return std::nullopt;
  return count;
}

Untaken all_of(const UnmetUpdate& entity) {
  Untaken out{entity.id, entity.type, {}};
  for (const auto& attribute : entity.attributes) out.attributes.push_back(attribute.name);
  return out;
}

Result<std::vector<Untaken>> read_legacy_update(const std::string& body) {
  std::vector<Untaken> out;
  const auto read = visit_legacy_responses(body, [&](dom::object element, int status) -> Result<> {
    if (status == 200) return {};
    auto entity = read_legacy_entity(element);
    if (!entity) return fail(entity.error());
    Untaken untaken{entity->id, entity->type, {}};
    for (auto& attribute : entity->attributes) untaken.attributes.push_back(std::move(attribute.name));
    out.push_back(std::move(untaken));
    return {};
  });
  if (!read) return fail(read.error());
  return out;
}

}  // namespace

Result<ProvidedEntities> read_query_answer(const net::ClientResponse& response, bool legacy) {
  if (response.status == kNotFound) return ProvidedEntities{};
  if (response.status != 200) return unexpected_status(response.status);
  if (response.body.empty()) return unreadable("it is empty");
  if (legacy) return read_legacy_entities(response.body);
  auto out = read_entities(response.body);
  if (out) out->total = total_count(response).value_or(out->total);
  return out;
}

std::vector<Untaken> all_untaken(const UpdateForward& forward) {
  std::vector<Untaken> out;
  for (const auto& entity : forward.entities) out.push_back(all_of(entity));
  return out;
}

Result<std::vector<Untaken>> read_update_answer(const net::ClientResponse& response, const UpdateForward& forward) {
  if (response.status == kNotFound || response.status == kUnprocessable) return all_untaken(forward);
  if (!forward.legacy) {
    // NGSIv2 knows one answer for "done"; whatever else comes was not written for this request.
    if (response.status != kNoContent) return unexpected_status(response.status);
    return std::vector<Untaken>{};
  }
  if (response.status < 200 || response.status > 299) return unexpected_status(response.status);
  if (response.body.empty()) return unreadable("it is empty");
  return read_legacy_update(response.body);
}

}  // namespace machi::broker

#include "broker/ngsiv2/entity_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "broker/model/attribute_types.h"
#include "broker/ngsiv2/canonical_json.h"
#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::pair<std::string_view, BatchUpdate::Action>, 10> kActions{{
    {"append", BatchUpdate::Action::append},
    {"appendStrict", BatchUpdate::Action::append_strict},
    {"update", BatchUpdate::Action::update},
    {"delete", BatchUpdate::Action::remove},
    {"replace", BatchUpdate::Action::replace},
    {"APPEND", BatchUpdate::Action::append},
    {"APPEND_STRICT", BatchUpdate::Action::append_strict},
    {"UPDATE", BatchUpdate::Action::update},
    {"DELETE", BatchUpdate::Action::remove},
    {"REPLACE", BatchUpdate::Action::replace},
}};

bool has_member(object members, std::string_view name) {
  return members.at_key(name).error() == simdjson::SUCCESS;
}

Result<> read_id(element value, EntityBody& entity, Rules rules) {
  const auto id = text_of(value);
  if (!id) return errors::bad_request("Invalid JSON type for entity id");
  entity.id = *id;
  return check_identifier("entity id", *id, rules);
}

Result<> read_type(element value, EntityBody& entity, Rules rules) {
  const auto type = text_of(value);
  if (!type) return errors::bad_request("Invalid JSON type for entity type");
  entity.type = *type;
  return check_identifier("entity type", *type, rules);
}

Result<> add_attribute(std::string_view name, element value, std::vector<AttributeChange>& all, BodyForm form) {
  auto attribute = read_attribute(name, value, form.attributes, form.rules);
  if (!attribute) return fail(std::move(attribute.error()));
  if (std::ranges::find(all, name, &AttributeChange::name) != all.end()) {
    return errors::bad_request(fmt::format("duplicated attribute /{}/", name));
  }
  all.push_back(std::move(*attribute));
  return {};
}

Result<> read_entity_members(object members, EntityBody& entity, BodyForm form) {
  for (const auto& [name, value] : members) {
    Result<> read{};
    if (name == "id") {
      read = read_id(value, entity, form.rules);
    } else if (name == "type") {
      read = read_type(value, entity, form.rules);
    } else {
      read = add_attribute(name, value, entity.attributes, form);
    }
    if (!read) return read;
  }
  return {};
}

/// An entity in the list of a batch. In a batch an empty id is told in other words than elsewhere.
Result<EntityBody> read_listed_entity(element value, BodyForm form) {
  if (!value.is_object()) return errors::bad_request("entity is not a JSON object");
  const object members = value.get_object().value_unsafe();
  const bool has_id = has_member(members, "id");
  const bool has_pattern = has_member(members, "idPattern");
  if (has_id && has_pattern) return errors::bad_request("both /id/ and /idPattern/ present");
  if (!has_id && !has_pattern) return errors::bad_request("nor /id/ nor /idPattern/ present");
  if (has_pattern || has_member(members, "typePattern")) return fail(ErrorCode::not_implemented, "NotImplemented");
  EntityBody entity;
  if (text_of(members.at_key("id").value_unsafe()) == "") {
    return errors::bad_request("id and idPattern cannot be both empty at the same time");
  }
  if (auto read = read_entity_members(members, entity, form); !read) return fail(std::move(read.error()));
  return entity;
}

Result<std::vector<EntityBody>> read_entities(element value, BodyForm form) {
  if (!value.is_array()) return errors::bad_request("not a JSON array");
  std::vector<EntityBody> out;
  for (const element item : value.get_array().value_unsafe()) {
    auto entity = read_listed_entity(item, form);
    if (!entity) return fail(std::move(entity.error()));
    out.push_back(std::move(*entity));
  }
  return out;
}

Failure missing_field(std::string_view name) {
  return errors::bad_request(fmt::format("Invalid JSON payload, mandatory field /{}/ not found", name));
}
Failure unknown_field(std::string_view name) {
  return errors::bad_request(fmt::format("Unrecognized field in JSON payload: /{}/", name));
}

Result<BatchUpdate::Action> read_action(element value) {
  if (const auto text = text_of(value)) {
    for (const auto& [name, action] : kActions) {
      if (name == *text) return action;
    }
  }
  return errors::bad_request(
      "invalid update action type: right ones are: append, appendStric, delete, replace, update");
}

Result<> check_attrs_format(std::string_view format) {
  if (format.empty() || format == "normalized") return {};
  if (format == "keyValues" || format == "uniqueValues" || format == "custom") {
    return errors::bad_request(fmt::format("attribute render format /{}/ not supported for notifications", format));
  }
  return errors::bad_request("invalid render format for notifications");
}

Result<std::vector<EntityBody>> read_notified_entities(element value, Rules rules) {
  if (!value.is_array()) return errors::bad_request("notification field /data/ must be a JSON array");
  for (const element item : value.get_array().value_unsafe()) {
    if (!item.is_object()) return errors::bad_request("notification data vector item must be a JSON object");
  }
  return read_entities(value, {AttributeForm::normalized, rules});
}

ChangeAction to_action(BatchUpdate::Action action, bool has_attributes) {
  switch (action) {
    case BatchUpdate::Action::append:
      return ChangeAction::append;
    case BatchUpdate::Action::append_strict:
      return ChangeAction::append_strict;
    case BatchUpdate::Action::update:
      return ChangeAction::update;
    case BatchUpdate::Action::replace:
      return ChangeAction::replace;
    case BatchUpdate::Action::remove:
      break;
  }
  return has_attributes ? ChangeAction::remove_attributes : ChangeAction::remove_entity;
}

}  // namespace

Result<EntityBody> parse_entity(std::string_view body, BodyForm form) {
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  if (!has_member(*root, "id")) return errors::bad_request("entity id length: 0, min length supported: 1");
  EntityBody entity;
  if (auto read = read_entity_members(*root, entity, form); !read) return fail(std::move(read.error()));
  if (!entity.type) entity.type = kDefaultEntityType;
  return entity;
}

Result<std::vector<AttributeChange>> parse_attributes(std::string_view body, BodyForm form) {
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  if (has_member(*root, "id")) return errors::bad_request("entity id specified in payload");
  if (has_member(*root, "type")) return errors::bad_request("entity type specified in payload");
  if (root->size() == 0) return errors::empty_payload();
  std::vector<AttributeChange> out;
  for (const auto& [name, value] : *root) {
    if (auto added = add_attribute(name, value, out, form); !added) return fail(std::move(added.error()));
  }
  return out;
}

Result<BatchUpdate> parse_batch_update(std::string_view body, BodyForm form) {
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  if (root->size() == 0) return errors::empty_payload();
  for (const std::string_view name : {"entities", "actionType"}) {
    if (!has_member(*root, name)) return missing_field(name);
  }
  BatchUpdate out;
  for (const auto& [name, value] : *root) {
    if (name == "entities") {
      auto entities = read_entities(value, form);
      if (!entities) return fail(std::move(entities.error()));
      out.entities = std::move(*entities);
    } else if (name == "actionType") {
      const auto action = read_action(value);
      if (!action) return fail(action.error());
      out.action = *action;
    } else {
      return unknown_field(name);
    }
  }
  if (out.entities.empty()) return errors::bad_request("empty entities vector");
  return out;
}

Result<std::vector<EntityBody>> parse_notification(std::string_view body, std::string_view attrs_format, Rules rules) {
  if (auto ok = check_attrs_format(attrs_format); !ok) return fail(std::move(ok.error()));
  const auto root = parse_object(body);
  if (!root) return fail(root.error());
  if (root->size() == 0) return errors::empty_payload();
  if (!has_member(*root, "subscriptionId")) {
    return errors::bad_request("invalid JSON payload, mandatory field /subscriptionId/ not found");
  }
  if (!has_member(*root, "data")) return missing_field("data");
  std::vector<EntityBody> out;
  for (const auto& [name, value] : *root) {
    if (name == "subscriptionId") {
      if (!value.is_string()) return errors::bad_request("/subscriptionId/ must be a JSON string");
    } else if (name == "data") {
      auto entities = read_notified_entities(value, rules);
      if (!entities) return fail(std::move(entities.error()));
      out = std::move(*entities);
    } else {
      return unknown_field(name);
    }
  }
  return out;
}

EntityChange to_change(EntityBody entity, BatchUpdate::Action action) {
  EntityChange change{.id = std::move(entity.id), .type = std::move(entity.type)};
  change.action = to_action(action, !entity.attributes.empty());
  change.attributes = std::move(entity.attributes);
  change.create_missing = action == BatchUpdate::Action::append || action == BatchUpdate::Action::append_strict;
  return change;
}

}  // namespace machi::broker::ngsiv2

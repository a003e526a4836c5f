#include "broker/subscription/notified_entity.h"

#include <algorithm>

#include "base/json_writer.h"
#include "broker/subscription/builtins.h"
#include "broker/subscription/trigger.h"

namespace machi::broker {
namespace {

ngsiv2::Form form_of(AttrsFormat format) {
  switch (format) {
    case AttrsFormat::normalized:
    case AttrsFormat::simplified_normalized:
      return ngsiv2::Form::normalized;
    case AttrsFormat::key_values:
    case AttrsFormat::simplified_key_values:
      return ngsiv2::Form::key_values;
    case AttrsFormat::values:
      return ngsiv2::Form::values;
  }
  return ngsiv2::Form::normalized;
}

std::string escaped(std::string_view text) {
  std::string quoted;
  JsonWriter::append_quoted(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

ngsiv2::AttributeNote note_of(const ChangeEvent& event, const Attribute& attribute) {
  ngsiv2::AttributeNote out{.name = escaped(attribute.name), .action_type = action_type(event, attribute.name)};
  if (const auto previous = previous_value(event, attribute)) {
    out.previous = previous->value;
    out.previous_type = previous->type;
  }
  return out;
}

/// A template whose value must be a string; `fallback` when it is empty or null.
std::string filled_text(const NotificationText& text, const Scope& scope, Timestamp now, const std::string& fallback) {
  if (text.text.empty()) return fallback;
  if (!text.parsed) return text.text;
  const Json value = text.parsed->value(scope, now);
  if (value.is_null()) return fallback;
  return value.is_string() ? value.as_string() : value.dump();
}

}  // namespace

NotifiedEntity::NotifiedEntity(const ChangeEvent& event, const Notification& notification)
    : event_(event), format_(notification.format), id_(event.entity.id), type_(event.entity.type) {
  const AttributeSelection selection = select_attributes(notification, event);
  options_.form = form_of(format_);
  options_.attrs = ngsiv2::NameFilter(selection.names);
  options_.exclude = selection.excluded;
  options_.cover = notification.covered;
  options_.metadata = ngsiv2::NameFilter(notification.metadata);
  note_.alteration_type = event.alteration_type();
  if (!notification.metadata.empty()) {
    for (const Attribute& attribute : event.entity.attributes) note_.attributes.push_back(note_of(event, attribute));
  }
  document_ = event.document.empty() ? to_document(event.entity.attributes) : event.document;
}

void NotifiedEntity::patch(const NotificationTemplates& templates, EventScope& scope, Timestamp now) {
  std::vector<Attribute> attributes;
  for (const auto& [patched, value_template] : templates.patch) {
    Json value = value_template.fill(scope, now);
    Attribute attribute{
        .name = patched.name, .type = patched.type, .value = value.dump(), .created = now, .modified = now};
    if (patched.priority) attribute.metadata.push_back({"evalPriority", "Number", Json(*patched.priority).dump()});
    std::erase_if(note_.attributes, [&](const auto& note) { return note.name == escaped(attribute.name); });
    std::erase_if(attributes, [&](const Attribute& other) { return other.name == attribute.name; });
    attributes.push_back(std::move(attribute));
    scope.set(patched.name, std::move(value));
  }
  const auto is_patched = [&](const std::string& name) {
    return std::ranges::any_of(templates.patch, [&](const PatchTemplate& t) { return t.attribute.name == name; });
  };
  for (const Attribute& attribute : event_.entity.attributes) {
    if (!is_patched(attribute.name) && attribute.dataset.empty()) attributes.push_back(attribute);
  }
  document_ = to_document(attributes);
  const auto id = filled_text(templates.patched_id, scope, now, id_);
  const auto type = filled_text(templates.patched_type, scope, now, type_);
  id_ = id;
  type_ = type;
}

void NotifiedEntity::append_body(std::string& out, std::string_view subscription_id) const {
  auto options = options_;
  options.note = &note_;
  const ngsiv2::EntityRow row{.id = id_,
                              .type = type_,
                              .service_path = event_.entity.service_path,
                              .document = document_,
                              .created = event_.entity.created,
                              .modified = event_.entity.modified};
  if (format_ == AttrsFormat::simplified_normalized || format_ == AttrsFormat::simplified_key_values) {
    return ngsiv2::render_entity(row, options, out);
  }
  out += "{\"subscriptionId\":";
  JsonWriter::append_quoted(out, subscription_id);
  out += ",\"data\":[";
  ngsiv2::render_entity(row, options, out);
  out += "]}";
}

}  // namespace machi::broker

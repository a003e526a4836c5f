#include "broker/subscription/event_scope.h"

#include "broker/model/attribute_types.h"
#include "broker/ngsiv2/render_metadata.h"
#include "broker/subscription/builtins.h"

namespace machi::broker {
namespace {

/// Values as NGSIv2 shows them: moments with milliseconds.
Json shown(const JsonText& value, std::string_view type) {
  std::string text;
  if (is_date_type(type)) ngsiv2::append_date_value(value, text);
  auto json = Json::parse(text.empty() ? value : text);
  return json ? std::move(*json) : Json();
}

}  // namespace

const Json* EventScope::find(std::string_view name) const {
  std::string key(name);
  if (const auto it = known_.find(key); it != known_.end()) return &it->second;
  auto value = read(name);
  if (!value) return nullptr;
  return &known_.emplace(std::move(key), std::move(*value)).first->second;
}

std::optional<Json> EventScope::read(std::string_view name) const {
  if (name == "id") return event_.entity.id;
  if (name == "type") return event_.entity.type;
  if (name == "metadata") return all_metadata();
  if (const Attribute* const attribute = event_.entity.find(name)) return shown(attribute->value, attribute->type);
  if (auto builtin = builtin_value(event_, name)) return builtin;
  if (name == "service") return event_.tenant;
  if (name == "authToken") return auth_token_;
  return std::nullopt;
}

Json EventScope::all_metadata() const {
  Json out{Json::Object{}};
  for (const Attribute& attribute : event_.entity.attributes) {
    Json of_attribute{Json::Object{}};
    const auto add_builtin = [&](std::string_view name, Json value) {
      if (of_attribute.find(name) == nullptr) of_attribute.set(name, std::move(value));
    };
    for (const Metadata& metadata : attribute.metadata)
      of_attribute.set(metadata.name, shown(metadata.value, metadata.type));
    add_builtin("dateCreated", to_iso8601_milliseconds(attribute.created));
    add_builtin("dateModified", to_iso8601_milliseconds(attribute.modified));
    if (const auto action = action_type(event_, attribute.name); !action.empty()) add_builtin("actionType", action);
    if (const Attribute* const previous = previous_value(event_, attribute)) {
      add_builtin("previousValue", shown(previous->value, previous->type));
    }
    out.set(attribute.name, std::move(of_attribute));
  }
  return out;
}

}  // namespace machi::broker

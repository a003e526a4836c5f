#include "broker/subscription/builtins.h"

namespace machi::broker {

std::optional<Json> builtin_value(const ChangeEvent& event, std::string_view name) {
  if (name == "dateCreated") return to_iso8601_milliseconds(event.entity.created);
  if (name == "dateModified") return to_iso8601_milliseconds(event.entity.modified);
  if (name == "dateExpires" && event.entity.expires) return to_iso8601_milliseconds(*event.entity.expires);
  if (name == "alterationType") return event.alteration_type();
  if (name == "servicePath") return event.entity.service_path;
  return std::nullopt;
}

std::string_view action_type(const ChangeEvent& event, std::string_view attribute) {
  const AttributeAlteration* const altered = event.alteration_of(attribute);
  if (altered == nullptr) return {};
  return altered->kind == AttributeAlteration::Kind::created ? "append" : "update";
}

const Attribute* previous_value(const ChangeEvent& event, const Attribute& attribute) {
  if ((event.alterations & kEntityCreate) != 0) return nullptr;
  const AttributeAlteration* const altered = event.alteration_of(attribute.name);
  if (altered == nullptr) return &attribute;
  if (altered->before) return &*altered->before;
  return altered->kind == AttributeAlteration::Kind::created ? nullptr : &attribute;
}

}  // namespace machi::broker

#pragma once
#include <optional>
#include <string_view>

#include "base/json.h"
#include "broker/subscription/change_event.h"

namespace machi::broker {

/// The value that expressions see under the name of a built-in attribute: dateCreated, dateModified, dateExpires (when
/// the entity expires), alterationType, servicePath. Nothing for any other name.
[[nodiscard]] std::optional<Json> builtin_value(const ChangeEvent& event, std::string_view name);

/// Built-in metadata actionType: `append` for an attribute that the change created, `update` for others that the
/// request named, empty for the rest.
[[nodiscard]] std::string_view action_type(const ChangeEvent& event, std::string_view attribute);

/// What built-in metadata previousValue shows: the attribute before the change, or as it is when it did not change.
/// nullptr when the entity was created.
[[nodiscard]] const Attribute* previous_value(const ChangeEvent& event, const Attribute& attribute);

}  // namespace machi::broker

#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/model/change.h"
#include "broker/ngsiv2/attribute_body.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker::ngsiv2 {

/// How a body with attributes is to be read.
struct BodyForm {
  AttributeForm attributes = AttributeForm::normalized;
  Rules rules{};
};

/// What stands in an entity object of a request. `type` is absent when the request names none.
struct EntityBody {
  std::string id{};
  std::optional<std::string> type{};
  std::vector<AttributeChange> attributes{};
};

/// The body of `POST /v2/entities`. Without a type it is `Thing`. Errors: bad_request, parse_error.
[[nodiscard]] Result<EntityBody> parse_entity(std::string_view body, BodyForm form);

/// The body of POST, PUT and PATCH `…/attrs`: attributes without id and type.
[[nodiscard]] Result<std::vector<AttributeChange>> parse_attributes(std::string_view body, BodyForm form);

/// The body of `POST /v2/op/update`.
struct BatchUpdate {
  enum class Action : std::uint8_t { append, append_strict, update, remove, replace };
  Action action = Action::append;
  std::vector<EntityBody> entities{};
};
/// Errors also: not_implemented for idPattern.
[[nodiscard]] Result<BatchUpdate> parse_batch_update(std::string_view body, BodyForm form);

/// The body of `POST /v2/op/notify`. `attrs_format` is the header Ngsiv2-AttrsFormat, empty when there is none: only
/// the normalized form is taken.
[[nodiscard]] Result<std::vector<EntityBody>> parse_notification(std::string_view body, std::string_view attrs_format,
                                                                 Rules rules);

/// What a batch's action means for one of its entities. Without attributes, `remove` removes the entity.
[[nodiscard]] EntityChange to_change(EntityBody entity, BatchUpdate::Action action);

}  // namespace machi::broker::ngsiv2

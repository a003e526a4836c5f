#pragma once
#include <string>
#include <vector>

#include "broker/entity_store.h"

namespace machi::broker::ngsiv2 {

struct TypeForm {
  bool names_only = false;            ///< options=values
  bool hide_attribute_types = false;  ///< options=noAttrDetail: `"types":[]`
};

/// The page of types from `offset` on: `[{"type":"T","attrs":{"a":{"types":["Number"]}},"count":1}]`.
[[nodiscard]] std::string render_types(const std::vector<EntityTypeSummary>& types, int offset, int limit,
                                       TypeForm form);
/// One type, without its name.
[[nodiscard]] std::string render_type(const EntityTypeSummary& type, TypeForm form);

}  // namespace machi::broker::ngsiv2

#include "broker/model/entity.h"

#include <algorithm>

namespace machi::broker {

const Metadata* Attribute::find_metadata(std::string_view metadata_name) const {
  const auto it = std::ranges::find(metadata, metadata_name, &Metadata::name);
  return it == metadata.end() ? nullptr : &*it;
}

const Attribute* Entity::find(std::string_view attribute) const {
  const auto it = std::ranges::find(attributes, attribute, &Attribute::name);
  return it == attributes.end() ? nullptr : &*it;
}

Attribute* Entity::find(std::string_view attribute) {
  return const_cast<Attribute*>(std::as_const(*this).find(attribute));
}

}  // namespace machi::broker

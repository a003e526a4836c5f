#include "ingest/entity_difference.h"

#include <algorithm>

#include "base/json.h"

namespace machi::ingest {
namespace {

bool same_metadata(const broker::Attribute& current, const broker::AttributeChange& wanted) {
  // Metadata that others have added is none of the row's business.
  return std::ranges::all_of(wanted.metadata, [&](const broker::MetadataChange& m) {
    const auto it = std::ranges::find(current.metadata, m.name, &broker::Metadata::name);
    return it != current.metadata.end() && json_equal(it->value, m.value);
  });
}

bool same(const broker::Attribute& current, const broker::AttributeChange& wanted) {
  return current.type == wanted.type && json_equal(current.value, *wanted.value) && same_metadata(current, wanted);
}

const broker::Attribute* find(const broker::Entity& entity, std::string_view name) {
  const auto it = std::ranges::find(entity.attributes, name, &broker::Attribute::name);
  return it == entity.attributes.end() ? nullptr : &*it;
}

}  // namespace

std::optional<broker::EntityChange> difference(const broker::Entity* current, const MappedRow& row) {
  if (current == nullptr) return row.change;
  broker::EntityChange change = *row.change;
  std::erase_if(change.attributes, [&](const broker::AttributeChange& wanted) {
    const broker::Attribute* attribute = find(*current, wanted.name);
    return attribute != nullptr && same(*attribute, wanted);
  });
  for (const std::string& name : row.blank) {
    const broker::Attribute* attribute = find(*current, name);
    if (attribute == nullptr || attribute->value == "null") continue;
    change.attributes.push_back({.name = name, .type = attribute->type, .value = "null"});
  }
  if (change.attributes.empty()) return {};
  return change;
}

}  // namespace machi::ingest

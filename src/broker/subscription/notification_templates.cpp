#include "broker/subscription/notification_templates.h"

#include <algorithm>

namespace machi::broker {
namespace {

std::vector<std::pair<NotificationText, NotificationText>> dictionary(const std::map<std::string, std::string>& texts) {
  std::vector<std::pair<NotificationText, NotificationText>> out;
  for (const auto& [name, value] : texts) out.emplace_back(NotificationText(name), NotificationText(value));
  return out;
}

/// By priority; those of equal priority as they were given: they stand in one array.
std::vector<PatchTemplate> in_order(const NgsiPatch& patch) {
  std::vector<const PatchAttribute*> order;
  for (const PatchAttribute& attribute : patch.attributes) order.push_back(&attribute);
  const auto rank = [](const PatchAttribute* a) {
    return std::pair(a->priority.value_or(PatchAttribute::kDefaultPriority), a);
  };
  std::ranges::sort(order, {}, rank);
  std::vector<PatchTemplate> out;
  for (const PatchAttribute* attribute : order) out.push_back({*attribute, JsonTemplate(attribute->value)});
  return out;
}

}  // namespace

NotificationTemplates::NotificationTemplates(const Notification& n)
    : url(n.url),
      topic(n.topic),
      payload(n.payload.text),
      query(dictionary(n.query)),
      headers(dictionary(n.headers)),
      json(n.payload.json),
      patched_id(n.payload.ngsi.id),
      patched_type(n.payload.ngsi.type),
      patch(in_order(n.payload.ngsi)) {}

}  // namespace machi::broker

#include "broker/subscription/change_event.h"

#include <algorithm>

#include "broker/store/alteration_detail.h"

namespace machi::broker {

Result<ChangeEvent> read_change_event(const core::LogEntry& entry, std::string tenant) {
  auto attributes = from_document(entry.document);
  if (!attributes) return fail(std::move(attributes.error()));
  auto detail = read_alteration_detail(entry.detail);
  if (!detail) return fail(std::move(detail.error()));
  ChangeEvent out{.tenant = std::move(tenant), .document = std::string(entry.document)};
  out.entity = {.tenant = TenantId{entry.tenant},
                .key = EntityKey{entry.entity_key},
                .id = std::string(entry.id),
                .type = std::string(entry.type),
                .service_path = std::string(entry.service_path),
                .attributes = std::move(*attributes),
                .created = detail->created,
                .modified = entry.recorded,
                .expires = detail->expires,
                .version = entry.version};
  out.alterations = static_cast<std::uint8_t>(entry.alterations);
  out.altered = std::move(detail->altered);
  out.correlator = entry.correlator;
  out.previous_correlator = std::move(detail->previous_correlator);
  out.recorded = entry.recorded;
  return out;
}

std::string_view correlator_root(std::string_view correlator) {
  return correlator.substr(0, correlator.find(';'));
}

bool ChangeEvent::closes_a_loop() const {
  return came_from_notification() && correlator_root(correlator) == correlator_root(previous_correlator);
}

std::string_view ChangeEvent::alteration_type() const {
  if ((alterations & kEntityDelete) != 0) return "entityDelete";
  if ((alterations & kEntityCreate) != 0) return "entityCreate";
  return (alterations & kEntityChange) != 0 ? "entityChange" : "entityUpdate";
}

const AttributeAlteration* ChangeEvent::alteration_of(std::string_view attribute) const {
  const auto it = std::ranges::find(altered, attribute, &AttributeAlteration::name);
  return it == altered.end() ? nullptr : &*it;
}

}  // namespace machi::broker

#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/model/change.h"
#include "core/change_log.h"

namespace machi::broker {

/// One accepted change of an entity as the change log holds it: all that decides about notifications and fills them.
/// The log is read, never the current state.
struct ChangeEvent {
  std::string tenant{};    ///< name; empty for the default tenant
  Entity entity{};         ///< after the change (before its removal, for a removal)
  std::string document{};  ///< the entity's attributes as stored; may be empty, then they are written anew when needed
  std::uint8_t alterations = 0;
  std::vector<AttributeAlteration> altered{};
  std::string correlator{};  ///< of the request
  /// Correlator of the entity's change before this one. Only looked at when came_from_notification().
  std::string previous_correlator{};
  Timestamp recorded{};

  /// Whether the request was itself a notification (of this broker or another): its correlator says so.
  [[nodiscard]] bool came_from_notification() const { return correlator.find("; cbnotif=") != std::string::npos; }
  /// Whether a notification has come back to the entity that caused it: then nothing is notified, or it would go round
  /// for ever.
  [[nodiscard]] bool closes_a_loop() const;
  /// The value of the built-in attribute alterationType.
  [[nodiscard]] std::string_view alteration_type() const;
  /// How the change altered this attribute; nullptr when it did not name it.
  [[nodiscard]] const AttributeAlteration* alteration_of(std::string_view attribute) const;
};

/// The event that a row of the log tells of (kind entity). `tenant` is the name of the row's tenant. Errors: internal.
[[nodiscard]] Result<ChangeEvent> read_change_event(const core::LogEntry& entry, std::string tenant);

/// What stands before the first `;` of a correlator: the request at which a chain of notifications began.
[[nodiscard]] std::string_view correlator_root(std::string_view correlator);

}  // namespace machi::broker

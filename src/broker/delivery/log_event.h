#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/subscription/change_event.h"
#include "core/change_log.h"

namespace machi::broker {

/// What a delivery that waits for another try must remember of the row, as JSON.
[[nodiscard]] std::string to_text(const core::LogEntry& entry);
/// The event again. Errors: internal.
[[nodiscard]] Result<ChangeEvent> event_from_text(std::string_view text, std::string tenant_name);

}  // namespace machi::broker

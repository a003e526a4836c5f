#pragma once
#include <memory>

#include "app/configuration.h"
#include "core/metrics.h"
#include "net/router.h"

namespace machi::app {

/// What every request to the APIs passes before its handler: limits by class and client, then authorisation. Each of
/// the `loops` counts for itself, so a client that spreads its connections over them has that much more.
[[nodiscard]] net::Gate request_gate(const Configuration::Limits& limits, std::size_t loops, core::Metrics& metrics);

}  // namespace machi::app

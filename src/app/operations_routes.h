#pragma once
#include <functional>

#include "core/metrics.h"
#include "net/router.h"

namespace machi::app {

/// What the operations port tells and takes: /health/live, /health/ready, /metrics, /admin/log.
struct OperationsState {
  const core::Metrics* metrics;
  /// Whether requests can be served now; the message says what is missing.
  std::function<Task<Result<>>()> ready;
};

[[nodiscard]] net::RouteGroup operations_routes(const OperationsState& state);

}  // namespace machi::app

#pragma once
#include <functional>

#include "core/audit.h"
#include "core/metrics.h"
#include "net/router.h"

namespace machi::app {

/// What the operations port tells and takes: /health/live, /health/ready, /metrics, /admin/log.
struct OperationsState {
  const core::Metrics* metrics;
  /// Whether requests can be served now; the message says what is missing.
  std::function<Task<Result<>>()> ready;
  /// Writes an audit record. The log level changes even when the database is away: then most of all.
  std::function<Task<Result<>>(core::Actor, core::AuditRecord)> audit;
};

[[nodiscard]] net::RouteGroup operations_routes(const OperationsState& state);

}  // namespace machi::app

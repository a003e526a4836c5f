#pragma once
#include "base/per_loop.h"
#include "core/resource_catalogue.h"
#include "core/resource_store.h"
#include "net/router.h"

namespace machi::core {

/// What staff's routes on one loop work with.
struct StaffServices {
  ResourceStore resources;
  AuditLog audit;
};

/// The routes of all declared kinds, and `GET /resources`, which tells what is declared. Errors are problem details
/// (RFC 9457). Both arguments must outlive the router.
[[nodiscard]] net::RouteGroup resource_routes(const ResourceCatalogue& catalogue,
                                              const PerLoop<StaffServices>& services);

/// `GET /audit`: the audit records, newest first.
[[nodiscard]] net::RouteGroup audit_routes(const PerLoop<StaffServices>& services);

}  // namespace machi::core

#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "broker/services.h"
#include "broker/usage.h"
#include "core/resource_routes.h"
#include "net/router.h"

namespace machi::app {

/// What the handlers of the APIs work with. It must outlive them; to list the routes it may be empty.
struct ApiParts {
  const broker::Services& services;
  std::shared_ptr<broker::Usage> usage;
  const core::ResourceCatalogue& resources;
  const PerLoop<core::StaffServices>& staff;
};

/// Every route of the port of the APIs, by group: the only list of them. The status page is among them when it is
/// built. `parts` must outlive the groups. Errors: those of reading the page's files.
[[nodiscard]] Result<std::vector<net::RouteGroup>> api_routes(const ApiParts& parts,
                                                              const Configuration& configuration);

/// `machi routes`: a JSON array of the routes of both ports (`listener`: `api` or `operations`) with operation, method,
/// path, permission, whether everyone has it, data class and limit class. Starts nothing.
[[nodiscard]] Result<std::string> list_routes(const Configuration& configuration);

}  // namespace machi::app

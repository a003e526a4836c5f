#pragma once
#include "broker/services.h"
#include "net/router.h"

namespace machi::broker {

/// The history of entities over HTTP: `/history/entities/{entityId}` and `…/attrs/{attrName}`; parameters named as in
/// FIWARE's time series API. Errors are problem details (RFC 9457). `services` must outlive the router.
[[nodiscard]] net::RouteGroup history_routes(const Services& services);

}  // namespace machi::broker

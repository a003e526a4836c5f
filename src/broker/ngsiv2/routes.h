#pragma once
#include <optional>

#include "broker/ngsiv2/handling.h"
#include "net/router.h"

namespace machi::broker::ngsiv2 {

/// The routes of entities, attributes, values, types, batch operations and information. Their prefix is `/`: paths that
/// nobody knows are answered as NGSIv2's clients expect. `services` must outlive the router.
[[nodiscard]] net::RouteGroup routes(const Services& services, Settings settings, std::optional<net::Cors> cors = {});

}  // namespace machi::broker::ngsiv2

#pragma once
#include <vector>

#include "core/resource_declaration.h"

namespace machi::broker {

/// What staff manage of the broker: tenants, indexed attributes, retention of history.
[[nodiscard]] std::vector<core::ResourceDeclaration> declarations();

}  // namespace machi::broker

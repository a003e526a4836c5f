#pragma once
#include <string>
#include <string_view>

#include "broker/ngsiv2/handling.h"
#include "broker/subscription/subscription_store.h"

// What requests about subscriptions and registrations share.
namespace machi::broker::ngsiv2 {

/// The id in the path: 24 hexadecimal digits. `what` is "subscription" or "registration". Errors: bad_request.
[[nodiscard]] Result<std::string> declaration_id(const Call& call, std::string_view what);
/// The one service path that a declaration is about; `otherwise` without the header. Errors: bad_request for several.
[[nodiscard]] Result<std::string> declared_path(const Context& context, std::string_view otherwise);
/// Whether the request names a service path, and another one than the declaration's: it is not to be seen there.
[[nodiscard]] bool is_elsewhere(const Context& context, std::string_view declared);
/// Who asks, for log and audit.
[[nodiscard]] Actor actor_of(const Call& call);

}  // namespace machi::broker::ngsiv2

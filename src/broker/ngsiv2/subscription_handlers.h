#pragma once
#include "broker/ngsiv2/handling.h"

// /v2/subscriptions: each an `Operation` (handling.h).
namespace machi::broker::ngsiv2 {

Task<Result<net::Response>> list_subscriptions(Call call, Context context);
Task<Result<net::Response>> create_subscription(Call call, Context context);
Task<Result<net::Response>> retrieve_subscription(Call call, Context context);
Task<Result<net::Response>> update_subscription(Call call, Context context);
Task<Result<net::Response>> remove_subscription(Call call, Context context);

}  // namespace machi::broker::ngsiv2

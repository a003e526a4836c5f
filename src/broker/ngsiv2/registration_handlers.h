#pragma once
#include "broker/ngsiv2/handling.h"

// /v2/registrations: each an `Operation` (handling.h).
namespace machi::broker::ngsiv2 {

Task<Result<net::Response>> list_registrations(Call call, Context context);
Task<Result<net::Response>> create_registration(Call call, Context context);
Task<Result<net::Response>> retrieve_registration(Call call, Context context);
Task<Result<net::Response>> update_registration(Call call, Context context);
Task<Result<net::Response>> remove_registration(Call call, Context context);

}  // namespace machi::broker::ngsiv2

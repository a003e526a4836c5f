#pragma once
#include "broker/ngsiv2/handling.h"
#include "broker/query/tree.h"

namespace machi::broker::ngsiv2 {

/// Runs a query in the request's tenant and scope and renders the entities as an array, with Fiware-Total-Count when
/// the query counts.
[[nodiscard]] Task<Result<net::Response>> answer_page(Call call, Context context, query::Query query,
                                                      RenderOptions options);

/// A list's answer. The total, if any, stands before the other headers.
[[nodiscard]] net::Response list_response(std::string body, std::optional<std::int64_t> total);

}  // namespace machi::broker::ngsiv2

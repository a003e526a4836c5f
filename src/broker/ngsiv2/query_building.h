#pragma once
#include "base/result.h"
#include "broker/ngsiv2/parameters.h"
#include "broker/ngsiv2/query_body.h"
#include "broker/query/tree.h"

namespace machi::broker::ngsiv2 {

/// The query of `GET /v2/entities`. Tenant and scope are left to the caller. Errors: bad_request.
[[nodiscard]] Result<query::Query> build_query(const Parameters& parameters, Rules rules);

/// The query of `POST /v2/op/query`; paging and order come from the URI parameters. Errors: bad_request.
[[nodiscard]] Result<query::Query> build_query(const BatchQuery& body, const Parameters& parameters, Rules rules);

}  // namespace machi::broker::ngsiv2

#pragma once
#include <string>

#include "broker/registration/forward_plan.h"

namespace machi::broker {

/// `POST /op/query`: `{"entities":[{"id":"E1","type":"T1"}],"attrs":["A1"]}`.
[[nodiscard]] std::string query_body(const QueryForward& forward);
/// NGSIv1 `POST /queryContext`; NGSIv1 knows no pattern of types, and an empty type stands for any.
[[nodiscard]] std::string legacy_query_body(const QueryForward& forward);
/// `POST /op/update` with action `update` and entities in normalized form.
[[nodiscard]] std::string update_body(const UpdateForward& forward);
/// NGSIv1 `POST /updateContext` with action `UPDATE`.
[[nodiscard]] std::string legacy_update_body(const UpdateForward& forward);

}  // namespace machi::broker

#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "broker/query/sql.h"

namespace machi::broker::query {

/// What the parts of the translator share: the values so far, and whether PostgreSQL alone decides.
struct SqlBuilder {
  db::Parameters parameters{};
  bool exact = true;

  /// Adds a value and gives its placeholder with its type: `$3::text`.
  template <typename T>
  [[nodiscard]] std::string bind(const T& value, std::string_view type) {
    parameters.add(value);
    return fmt::format("${}::{}", parameters.size(), type);
  }
  template <typename T>
  [[nodiscard]] std::string bind_array(const std::vector<T>& values, std::string_view type) {
    parameters.add_array(values);
    return fmt::format("${}::{}[]", parameters.size(), type);
  }
};

/// The SQL of a filter, a boolean expression over `e`.
[[nodiscard]] std::string filter_sql(const Filter& filter, SqlBuilder& sql);
/// The SQL of a geographic condition over `e`; `tenant` is the tenant's placeholder.
[[nodiscard]] std::string geo_sql(const GeoCondition& condition, std::string_view tenant, std::string_view schema,
                                  SqlBuilder& sql);
/// The distance of the closest place of `e`, for orderBy=geo:distance.
[[nodiscard]] std::string distance_sql(const GeoCondition& condition, std::string_view schema, SqlBuilder& sql);
/// What the search column holds for an attribute.
[[nodiscard]] std::string cell_sql(std::string_view attribute, SqlBuilder& sql);

}  // namespace machi::broker::query

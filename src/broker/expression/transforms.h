#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "base/json.h"
#include "base/timestamp.h"

namespace machi::broker::jexl {

/// What a transformation gets: its subject first, then its arguments.
struct TransformCall {
  std::span<const Json* const> arguments;
  Timestamp now{};
  std::size_t room = 0;  ///< bytes that it may still produce; it gives null rather than more

  [[nodiscard]] const Json& subject() const { return *arguments.front(); }
  /// The n-th extra argument, counted from 0; null when it was not given.
  [[nodiscard]] const Json& argument(std::size_t n) const;
};

/// Null when the subject or the arguments are not what the transformation works on.
using Transform = Json (*)(const TransformCall&);

/// nullptr when there is no such transformation.
[[nodiscard]] Transform find_transform(std::string_view name);

/// Approximate bytes that a value takes.
[[nodiscard]] std::size_t weight(const Json& value);

// The transformations by what they work on: each entry of find_transform's table is one of these.
namespace transforms {
Json uppercase(const TransformCall& call);
Json lowercase(const TransformCall& call);
Json split(const TransformCall& call);
Json index_of(const TransformCall& call);
Json len(const TransformCall& call);
Json trim(const TransformCall& call);
Json substring(const TransformCall& call);
Json includes(const TransformCall& call);
Json replace_str(const TransformCall& call);
Json replace_regex(const TransformCall& call);
Json match_regex(const TransformCall& call);

Json is_nan(const TransformCall& call);
Json parse_int(const TransformCall& call);
Json parse_float(const TransformCall& call);
Json type_of(const TransformCall& call);
Json to_string(const TransformCall& call);
Json to_json(const TransformCall& call);
Json floor(const TransformCall& call);
Json ceil(const TransformCall& call);
Json round(const TransformCall& call);
Json to_fixed(const TransformCall& call);
Json log(const TransformCall& call);
Json log10(const TransformCall& call);
Json log2(const TransformCall& call);
Json sqrt(const TransformCall& call);
Json now(const TransformCall& call);
Json to_iso_string(const TransformCall& call);
Json get_time(const TransformCall& call);

Json mapper(const TransformCall& call);
Json n_mapper(const TransformCall& call);
Json th_mapper(const TransformCall& call);
Json values(const TransformCall& call);
Json keys(const TransformCall& call);
Json arr_sum(const TransformCall& call);
Json arr_avg(const TransformCall& call);
Json arr_max(const TransformCall& call);
Json arr_min(const TransformCall& call);
Json arr_med(const TransformCall& call);
Json arr_sort(const TransformCall& call);
Json arr_reverse(const TransformCall& call);
}  // namespace transforms

}  // namespace machi::broker::jexl

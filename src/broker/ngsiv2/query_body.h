#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker::ngsiv2 {

/// Filters as they are written, in a body's `expression` or in URI parameters. Their texts are parsed by broker/query.
struct ExpressionText {
  std::string q{}, mq{};
  std::string georel{}, geometry{}, coords{};
};

/// Which entities a body asks for. Exactly one of `id` and `id_pattern` is set; at most one of the types.
struct EntityChoice {
  std::string id{}, id_pattern{};
  std::string type{}, type_pattern{};
};

/// The body of `POST /v2/op/query`.
struct BatchQuery {
  std::vector<EntityChoice> entities{};
  std::vector<std::string> attributes{};  ///< deprecated: filters and selects
  std::vector<std::string> attrs{};
  std::vector<std::string> metadata{};
  ExpressionText expression{};
};

/// Whether patterns are regular expressions is found out when they are compiled. Errors: bad_request, parse_error.
[[nodiscard]] Result<BatchQuery> parse_batch_query(std::string_view body, Rules rules);

}  // namespace machi::broker::ngsiv2

#pragma once
#include <string_view>

#include "base/result.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

struct ParseOptions {
  /// Refuse `< > " ' = ; ( )` where Orion does (tenant setting ngsiv2.forbidden_characters = orion).
  bool orion_forbidden_characters = false;
};

/// Parses NGSIv2's Simple Query Language ("temperature>20;'a.b'.c==x,y"). Errors: bad_request with the sentences that
/// Orion's clients know ("empty q-item", "invalid range: types mixed", …).
[[nodiscard]] Result<Filter> parse_q(std::string_view text, ParseOptions options = {});
/// The same for `mq`, whose targets are metadata ("temperature.accuracy<0.9").
[[nodiscard]] Result<Filter> parse_mq(std::string_view text, ParseOptions options = {});

}  // namespace machi::broker::query

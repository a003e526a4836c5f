#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/ngsiv2/names.h"
#include "broker/ngsiv2/query_body.h"
#include "net/http.h"

namespace machi::broker::ngsiv2 {

/// The words of the URI parameter `options`. They are known everywhere; operations look at those that concern them.
enum class Option : std::uint8_t {
  count,
  normalized,
  values,
  key_values,
  append,
  unique,
  date_created,
  date_modified,
  no_attr_detail,
  upsert,
  forced_update,
  override_metadata,
  flow_control,
  skip_forwarding,
  full_counters,
  lib_versions,
  skip_initial_notification
};

/// The URI parameters of a request.
struct Parameters {
  int limit = 20;
  int offset = 0;
  std::vector<std::string> ids{};    ///< `id`, a list
  std::string type{};                ///< `type` as it is written
  std::vector<std::string> types{};  ///< `type` as a list
  std::string id_pattern{}, type_pattern{};
  std::vector<std::string> attrs{}, metadata{};  ///< without repetitions; deprecated date options are among them
  std::string order_by{};
  ExpressionText expression{};

  [[nodiscard]] bool has(Option option) const { return (options >> static_cast<unsigned>(option) & 1) != 0; }
  std::uint32_t options = 0;  ///< bits by Option
};

/// Reads them. Unknown parameters are left alone. Of several faults the last one is told, as Orion does. Errors:
/// bad_request.
[[nodiscard]] Result<Parameters> read_parameters(const std::vector<net::QueryParameter>& parameters, Rules rules);

}  // namespace machi::broker::ngsiv2

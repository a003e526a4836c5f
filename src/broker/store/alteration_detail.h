#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/change.h"

namespace machi::broker {

/// The `detail` of an entity's log row: what its document does not tell. Times in microseconds.
/// `{"created":…,"expires":…,"previous":"correlator","kinds":{"temperature":1},"before":{document of the attributes as
/// they were}}`
[[nodiscard]] std::string alteration_detail(const Entity& after, const std::vector<AttributeAlteration>& altered,
                                            std::string_view previous_correlator);

struct AlterationDetail {
  Timestamp created{};
  std::optional<Timestamp> expires{};
  std::string previous_correlator;
  std::vector<AttributeAlteration> altered;
};
/// Reads back what alteration_detail wrote. Errors: internal.
[[nodiscard]] Result<AlterationDetail> read_alteration_detail(std::string_view detail);

}  // namespace machi::broker

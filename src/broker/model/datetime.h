#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace machi::broker {

/// Reads a DateTime as NGSIv2 takes it ("Datetime support"): the date is `YYYY-MM-DD`; a zone only follows a time;
/// nothing beyond 29 characters. Narrower than parse_iso8601.
[[nodiscard]] std::optional<Timestamp> parse_datetime(std::string_view text);

/// The form in which DateTime values are kept: UTC with milliseconds, with microseconds where they say more.
/// The order of two such texts of the same length is the order of the moments.
[[nodiscard]] std::string canonical_datetime(Timestamp t);

/// The moment in a DateTime attribute's JSON value as it is kept; empty for null and anything else.
[[nodiscard]] std::optional<Timestamp> datetime_of(std::string_view json);

}  // namespace machi::broker

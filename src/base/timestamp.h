#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace machi {

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z. PostgreSQL's timestamptz has the same precision.
struct Timestamp {
  std::int64_t microseconds = 0;

  auto operator<=>(const Timestamp&) const = default;
  [[nodiscard]] Timestamp operator+(std::chrono::microseconds d) const { return {microseconds + d.count()}; }
  [[nodiscard]] Timestamp operator-(std::chrono::microseconds d) const { return {microseconds - d.count()}; }
  [[nodiscard]] std::chrono::microseconds operator-(Timestamp other) const {
    return std::chrono::microseconds(microseconds - other.microseconds);
  }
  [[nodiscard]] double seconds() const { return static_cast<double>(microseconds) / 1e6; }
};

/// The wall clock, cut to microseconds.
[[nodiscard]] Timestamp now();

/// `2026-11-23T05:06:07.089Z`: milliseconds, always UTC, as NGSIv2 shows dates. Years 0 to 9999.
[[nodiscard]] std::string to_iso8601_milliseconds(Timestamp t);
/// `2026-11-23T05:06:07.089123Z`: all that we know.
[[nodiscard]] std::string to_iso8601_microseconds(Timestamp t);
/// `Mon, 23 Nov 2026 05:06:07 GMT` (RFC 9110 §5.6.7).
[[nodiscard]] std::string to_http_date(Timestamp t);

/// Reads the ISO 8601 forms that NGSIv2 names ("Datetime support" of its specification):
/// dates `YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www`, `YYYYWww`, `YYYY-Www-D`, `YYYYWwwD`, `YYYY-DDD`, `YYYYDDD`, `YYYY-MM`,
/// `YYYY`; optionally `T` or a blank and `hh:mm:ss[.sss]`, `hh:mm`, `hh`, `hhmmss[.sss]`, `hhmm`; optionally `Z`,
/// `±hh:mm`, `±hhmm`, `±hh`. Without a zone it is UTC. Fractions beyond microseconds are cut. Empty when the text is no
/// such date.
[[nodiscard]] std::optional<Timestamp> parse_iso8601(std::string_view text);

}  // namespace machi

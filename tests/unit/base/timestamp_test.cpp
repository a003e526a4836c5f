#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace machi {
namespace {

std::string round_trip(std::string_view text) {
  const auto t = parse_iso8601(text);
  return t ? to_iso8601_milliseconds(*t) : "refused";
}

TEST(Timestamp, ReadsEveryFormThatNgsiv2Names) {
  EXPECT_EQ(round_trip("2026-11-23T05:06:07.089Z"), "2026-11-23T05:06:07.089Z");
  EXPECT_EQ(round_trip("2026-11-23"), "2026-11-23T00:00:00.000Z");
  EXPECT_EQ(round_trip("20261123"), "2026-11-23T00:00:00.000Z");
  EXPECT_EQ(round_trip("2026-11-23T05"), "2026-11-23T05:00:00.000Z");
  EXPECT_EQ(round_trip("20261123T0506"), "2026-11-23T05:06:00.000Z");
  EXPECT_EQ(round_trip("2026-W01"), "2025-12-29T00:00:00.000Z");
  EXPECT_EQ(round_trip("2026-W01-4"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(round_trip("2024-366"), "2024-12-31T00:00:00.000Z");
  EXPECT_EQ(round_trip("2026-11-23T05:06:07+09:00"), "2026-11-22T20:06:07.000Z");
  EXPECT_EQ(round_trip("2026-11-23T05:06:07-0130"), "2026-11-23T06:36:07.000Z");
}

TEST(Timestamp, RefusesWhatIsNoDate) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-29", "2026-11-23T25:00:00", "2026-11-23T05:60",
                           "2026-11-23T05:06:07X", "2026-11-23T", "26-11-23", "2026-11-23T05:06:07+25:00"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Timestamp, KeepsMicrosecondsAndMomentsBeforeTheEpoch) {
  EXPECT_EQ(to_iso8601_microseconds(*parse_iso8601("1969-12-31T23:59:59.999999Z")), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_http_date(*parse_iso8601("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace machi

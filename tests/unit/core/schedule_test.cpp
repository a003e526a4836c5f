#include "core/schedule.h"

#include <gtest/gtest.h>

namespace machi::core {
namespace {

std::string next(std::string_view schedule, std::string_view after) {
  return to_iso8601_milliseconds(Schedule::parse(schedule)->next_after(*parse_iso8601(after)));
}

TEST(Schedule, CronFieldsNameMinuteHourDayMonthAndWeekday) {
  EXPECT_EQ(next("*/15 * * * *", "2026-11-23T10:14:59Z"), "2026-11-23T10:15:00.000Z");
  EXPECT_EQ(next("30 3 * * *", "2026-11-23T03:30:00Z"), "2026-11-24T03:30:00.000Z");
  EXPECT_EQ(next("0 0 1 1 *", "2026-11-23T00:00:00Z"), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(next("0 9 * * 1-5", "2026-11-27T09:00:00Z"), "2026-11-30T09:00:00.000Z");
  EXPECT_EQ(next("0 9 * * 7", "2026-11-23T00:00:00Z"), "2026-11-29T09:00:00.000Z");
}

TEST(Schedule, EitherDayFieldSufficesWhenBothAreRestricted) {
  EXPECT_EQ(next("0 0 13 * 5", "2026-11-23T00:00:00Z"), "2026-11-27T00:00:00.000Z");
}

TEST(Schedule, EveryAddsItsPeriod) {
  EXPECT_EQ(next("@every 90s", "2026-11-23T00:00:00Z"), "2026-11-23T00:01:30.000Z");
}

TEST(Schedule, RefusesWhatIsNoSchedule) {
  for (const char* text : {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
                           "5-1 * * * *", "*/0 * * * *", "@every", "@every 0s", "@every soon", "a * * * *"}) {
    EXPECT_FALSE(Schedule::parse(text)) << text;
  }
}

}  // namespace
}  // namespace machi::core

#include "broker/store/service_rate.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

using namespace std::chrono_literals;

const ServiceRate::Clock::time_point kStart{};

TEST(ServiceRate, IsNotKnownBeforeATenthOfASecondHasPassed) {
  ServiceRate rate;
  EXPECT_FALSE(rate.time_for(100));
  rate.done(50, kStart);
  rate.done(50, kStart + 99ms);
  EXPECT_FALSE(rate.time_for(100));
}

TEST(ServiceRate, TellsHowLongAQueueWillTake) {
  ServiceRate rate;
  rate.done(50, kStart);
  rate.done(50, kStart + 50ms);
  rate.done(50, kStart + 100ms);
  ASSERT_TRUE(rate.time_for(2000));
  EXPECT_DOUBLE_EQ(rate.time_for(2000)->count(), 2.0);
}

TEST(ServiceRate, FollowsAServerThatGrowsSlower) {
  ServiceRate rate;
  rate.done(1, kStart);
  rate.done(100, kStart + 100ms);
  rate.done(100, kStart + 1100ms);
  EXPECT_DOUBLE_EQ(rate.time_for(550)->count(), 1.0);
}

TEST(ServiceRate, IsForgottenWhenTheQueueIsEmpty) {
  ServiceRate rate;
  rate.done(1, kStart);
  rate.done(1, kStart + 10s);
  EXPECT_TRUE(rate.time_for(1));
  rate.idle();
  EXPECT_FALSE(rate.time_for(1));
}

}  // namespace
}  // namespace machi::broker

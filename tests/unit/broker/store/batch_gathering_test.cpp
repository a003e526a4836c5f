#include "broker/store/batch_gathering.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

using namespace std::chrono_literals;

const BatchGathering::Clock::time_point kStart{};

TEST(BatchGathering, WaitsUntilAsManyHaveComeAsWereAnswered) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 3, 1ms, kStart));
  EXPECT_TRUE(gathering.goes_on(3, kStart));
  EXPECT_TRUE(gathering.goes_on(6, kStart + 100us));
  EXPECT_FALSE(gathering.goes_on(7, kStart + 200us));
}

TEST(BatchGathering, WaitsForHalfOfTheTimeThatTheLastBatchTookAtMost) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 3, 1ms, kStart));
  EXPECT_EQ(gathering.until(), kStart + 500us);
  EXPECT_TRUE(gathering.goes_on(3, kStart + 499us));
  EXPECT_FALSE(gathering.goes_on(3, kStart + 500us));
}

TEST(BatchGathering, WaitsNoLongerThanTwoMillisecondsHoweverSlowTheDatabaseIs) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 3, 10s, kStart));
  EXPECT_EQ(gathering.until(), kStart + 2ms);
}

TEST(BatchGathering, WaitsForAllWhenTheFirstComesAgain) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 0, 1ms, kStart));
  EXPECT_TRUE(gathering.goes_on(1, kStart));
  EXPECT_FALSE(gathering.goes_on(4, kStart + 10us));
}

TEST(BatchGathering, DoesNotHoldBackASingleClient) {
  BatchGathering gathering(128);
  EXPECT_FALSE(gathering.begin(1, 0, 1ms, kStart));
  EXPECT_FALSE(gathering.goes_on(1, kStart));
}

TEST(BatchGathering, DoesNotWaitForMoreThanABatchTakes) {
  BatchGathering gathering(128);
  EXPECT_FALSE(gathering.begin(128, 872, 1ms, kStart));
  ASSERT_TRUE(gathering.begin(100, 100, 1ms, kStart));
  EXPECT_FALSE(gathering.goes_on(128, kStart));
}

/// How many batches do not wait after one that waited in vain.
int skipped(BatchGathering& gathering) {
  int count = 0;
  while (!gathering.begin(4, 3, 1ms, kStart)) ++count;
  return count;
}

TEST(BatchGathering, IsLeftOutMoreAndMoreOftenWhenNobodyComesAgain) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 3, 1ms, kStart));
  for (const int expected : {1, 3, 7, 15, 31, 63, 63}) {
    EXPECT_FALSE(gathering.goes_on(3, kStart + 1ms));
    EXPECT_EQ(skipped(gathering), expected);
  }
}

TEST(BatchGathering, IsDoneEachTimeAgainOnceThreeQuartersHaveCome) {
  BatchGathering gathering(128);
  ASSERT_TRUE(gathering.begin(4, 4, 1ms, kStart));
  EXPECT_FALSE(gathering.goes_on(4, kStart + 1ms));
  EXPECT_EQ(skipped(gathering), 1);
  EXPECT_FALSE(gathering.goes_on(6, kStart + 1ms));
  EXPECT_TRUE(gathering.begin(4, 4, 1ms, kStart));
}

}  // namespace
}  // namespace machi::broker

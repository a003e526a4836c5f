#include "core/rate_limiter.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace machi::core {
namespace {

using namespace std::chrono_literals;
using net::LimitClass;

RateLimiter::Options writes(std::int64_t per_second, std::int64_t burst, std::size_t clients = 4096) {
  RateLimiter::Options options;
  options.limits[static_cast<std::size_t>(LimitClass::write)] = {per_second, burst};
  options.clients = clients;
  return options;
}

constexpr RateLimiter::Clock::time_point kStart{1000h};

TEST(RateLimiter, ABurstPassesThenTheRate) {
  RateLimiter limiter(writes(10, 3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::write, kStart));
  EXPECT_FALSE(limiter.admit("1.2.3.4", LimitClass::write, kStart));
  EXPECT_FALSE(limiter.admit("1.2.3.4", LimitClass::write, kStart + 99ms));
  EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::write, kStart + 100ms));
  EXPECT_FALSE(limiter.admit("1.2.3.4", LimitClass::write, kStart + 100ms));
}

TEST(RateLimiter, RefusalsCostNothingAndABucketIsNeverFullerThanTheBurst) {
  RateLimiter limiter(writes(10, 3));
  int passed = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    if (limiter.admit("1.2.3.4", LimitClass::write, kStart + std::chrono::milliseconds(ms))) ++passed;
  }
  EXPECT_EQ(passed, 102);  // the burst, and a token each tenth of a second
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::write, kStart + 1h));
  EXPECT_FALSE(limiter.admit("1.2.3.4", LimitClass::write, kStart + 1h));
}

TEST(RateLimiter, ClientsAndClassesHaveBucketsOfTheirOwn) {
  RateLimiter limiter(writes(1, 1));
  EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::write, kStart));
  EXPECT_FALSE(limiter.admit("1.2.3.4", LimitClass::write, kStart));
  EXPECT_TRUE(limiter.admit("1.2.3.5", LimitClass::write, kStart));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::read, kStart));
}

TEST(RateLimiter, AnIpv6ClientIsItsNetworkAndAMappedOneItsIpv4Address) {
  RateLimiter limiter(writes(1, 1));
  EXPECT_TRUE(limiter.admit("2001:db8:0:1::1", LimitClass::write, kStart));
  EXPECT_FALSE(limiter.admit("2001:db8:0:1:ffff::2", LimitClass::write, kStart));
  EXPECT_TRUE(limiter.admit("2001:db8:0:2::1", LimitClass::write, kStart));
  EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::write, kStart));
  EXPECT_FALSE(limiter.admit("::ffff:1.2.3.4", LimitClass::write, kStart));
}

TEST(RateLimiter, MemoryIsBoundedAndWhoCameLastIsRemembered) {
  RateLimiter limiter(writes(1, 1, 100));
  EXPECT_TRUE(limiter.admit("busy", LimitClass::write, kStart));
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(limiter.admit(fmt::format("10.0.{}.{}", i / 256, i % 256), LimitClass::write, kStart));
    EXPECT_FALSE(limiter.admit("busy", LimitClass::write, kStart));
  }
  EXPECT_EQ(limiter.clients(), 100U);
}

TEST(RateLimiter, WithoutLimitsNobodyIsRemembered) {
  RateLimiter limiter({});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.admit("1.2.3.4", LimitClass::batch, kStart));
  EXPECT_EQ(limiter.clients(), 0U);
}

}  // namespace
}  // namespace machi::core

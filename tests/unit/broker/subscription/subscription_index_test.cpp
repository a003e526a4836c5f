#include "broker/subscription/subscription_index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "broker/subscription/events.h"

namespace machi::broker {
namespace {

using testing::attribute;
using testing::EventBuilder;
using testing::subscription;

SubscriptionPointer numbered(Subscription s, int n) {
  s.id = fmt::format("{:024x}", n);
  return std::make_shared<const Subscription>(std::move(s));
}

std::vector<std::string> ids(const std::vector<SubscriptionPointer>& found) {
  std::vector<std::string> out;
  for (const auto& s : found) out.push_back(s->id);
  return out;
}

/// One of many kinds of subscription, by a number.
Subscription some_subscription(unsigned n) {
  constexpr std::array<std::string_view, 7> kEntities = {R"({"id":"E1"})",
                                                         R"({"id":"E2","type":"T1"})",
                                                         R"({"idPattern":".*","type":"T1"})",
                                                         R"({"idPattern":".*","type":"T2"})",
                                                         R"({"idPattern":"E[12]"})",
                                                         R"({"id":"E1","typePattern":"2"})",
                                                         R"({"idPattern":"1","typePattern":"T"})"};
  constexpr std::array<std::string_view, 6> kConditions = {"",
                                                           R"("attrs":["A"])",
                                                           R"("attrs":["A","B"])",
                                                           R"("attrs":["B"],"alterationTypes":["entityUpdate"])",
                                                           R"("attrs":["A"],"alterationTypes":["entityDelete"])",
                                                           R"("alterationTypes":["entityDelete","entityCreate"])"};
  return subscription(kConditions[n % kConditions.size()], R"("attrs":[])",
                      kEntities[n / kConditions.size() % kEntities.size()]);
}

ChangeEvent some_event(std::mt19937& random) {
  constexpr std::array<std::uint8_t, 4> kKinds = {kEntityCreate, kEntityChange | kEntityUpdate, kEntityUpdate,
                                                  kEntityDelete};
  const auto kind = kKinds[random() % kKinds.size()];
  EventBuilder event(kind);
  event.named(random() % 2 != 0 ? "E1" : "E2", random() % 2 != 0 ? "T1" : "T2");
  for (const char* name : {"A", "B", "C"}) {
    const auto a = attribute(name, "Number", "1");
    if (random() % 2 == 0 || kind == kEntityDelete) {
      event.has(a);
    } else if (kind == kEntityCreate) {
      event.created(a);
    } else if (kind == kEntityUpdate) {
      event.touched(a);
    } else {
      event.changed(a, "0");
    }
  }
  return event;
}

// The index must find what asking every subscription finds.
TEST(SubscriptionIndex, AgreesWithAWalkOverAll) {
  std::vector<SubscriptionPointer> all;
  for (unsigned n = 0; n < 42; ++n) all.push_back(numbered(some_subscription(n), static_cast<int>(n)));
  const TenantSubscriptions index(all);
  std::mt19937 random(42);
  for (int round = 0; round < 500; ++round) {
    const auto event = some_event(random);
    std::vector<SubscriptionPointer> expected;
    for (const auto& s : all) {
      if (matches(*s, event, nullptr)) expected.push_back(s);
    }
    EXPECT_EQ(ids(index.triggered_by(event)), ids(expected)) << "seed 42, round " << round;
  }
}

TEST(SubscriptionIndex, LooksOnlyAtWhatTheChangeTouches) {
  std::vector<SubscriptionPointer> all;
  for (int n = 0; n < 10'000; ++n) {
    const auto attrs = fmt::format(R"("attrs":["a{}"])", n / 10);
    all.push_back(numbered(subscription(attrs, R"("attrs":[])", R"({"idPattern":".*","type":"T"})"), n));
  }
  const TenantSubscriptions index(std::move(all));
  const ChangeEvent event = EventBuilder().changed(attribute("a7", "Number", "1"), "0");
  EXPECT_EQ(index.candidate_count(event), 10U);
  EXPECT_EQ(index.triggered_by(event).size(), 10U);
}

TEST(SubscriptionIndex, ASubscriptionIsFoundOnce) {
  auto s = subscription(R"("attrs":["A","B"])", R"("attrs":[])",
                        R"({"id":"E"},{"idPattern":".*","type":"T"},{"idPattern":"E"})");
  const TenantSubscriptions index({numbered(s, 1)});
  const ChangeEvent event =
      EventBuilder().changed(attribute("A", "Number", "1"), "0").changed(attribute("B", "Number", "1"), "0");
  EXPECT_EQ(index.triggered_by(event).size(), 1U);
}

TEST(SubscriptionIndex, KeepsTenantsApart) {
  SubscriptionIndex index;
  index.set(TenantId{1}, {numbered(subscription(""), 1)});
  ChangeEvent event = EventBuilder().changed(attribute("A", "Number", "1"), "0");
  event.entity.tenant = TenantId{2};
  EXPECT_TRUE(index.triggered_by(event).empty());
  event.entity.tenant = TenantId{1};
  EXPECT_EQ(index.triggered_by(event).size(), 1U);
  index.set(TenantId{1}, {});
  EXPECT_EQ(index.find(TenantId{1}), nullptr);
}

TEST(SubscriptionIndex, ANotificationThatComesBackTriggersNothing) {
  const TenantSubscriptions index({numbered(subscription(""), 1)});
  const auto triggered = [&](std::string correlator, std::string previous) {
    return !index
                .triggered_by(EventBuilder()
                                  .correlated(std::move(correlator), std::move(previous))
                                  .changed(attribute("A", "Number", "1"), "0"))
                .empty();
  };
  EXPECT_FALSE(triggered("x; cbnotif=1", "x"));
  EXPECT_FALSE(triggered("x; cbnotif=1; cbnotif=2", "x; cbnotif=1"));
  EXPECT_TRUE(triggered("x; cbnotif=1", "y"));
  EXPECT_TRUE(triggered("x", "x"));
}

}  // namespace
}  // namespace machi::broker

#include "broker/subscription/subscription_json.h"

#include <gtest/gtest.h>

#include "broker/subscription/events.h"

namespace machi::broker {
namespace {

using testing::kNow;
using testing::subscription;

std::string shown(const Subscription& s) {
  std::string out;
  append_subscription(out, s, kNow);
  return out;
}

Subscription parsed(std::string_view body) {
  auto out = parse_subscription(body);
  EXPECT_TRUE(out) << out.error().message;
  return std::move(*out);
}

TEST(SubscriptionJson, ShowsDefaultsAsOrionDoes) {
  EXPECT_EQ(
      shown(subscription("")),
      R"({"id":"5f8d1e2b3c4d5e6f7a8b9c0d","status":"active","subject":{"entities":[{"idPattern":".*","type":"T"}],)"
      R"("condition":{"attrs":[],"notifyOnMetadataChange":true}},"notification":{"attrs":[],"onlyChangedAttrs":false,)"
      R"("attrsFormat":"normalized","http":{"url":"http://localhost:1234/notify"},"covered":false}})");
}

TEST(SubscriptionJson, ShowsEverythingThatWasGiven) {
  auto s = parsed(R"({"description":"d","expires":"2050-04-05T14:00:00.00Z","throttling":5,"status":"oneshot",
    "subject":{"entities":[{"id":"E"},{"id":"E"},{"idPattern":"x","typePattern":"y"}],
      "condition":{"attrs":["a"],"jexlExpression":"a>1","expression":{"q":"a>1","mq":"a.b==1","georel":"near;maxDistance:5",
        "geometry":"point","coords":"1,2"},"alterationTypes":["entityDelete","entityUpdate"],"notifyOnMetadataChange":false}},
    "notification":{"exceptAttrs":["z"],"attrsFormat":"keyValues","metadata":["*"],"onlyChangedAttrs":true,"maxFailsLimit":7,
      "httpCustom":{"url":"http://h/${id}","method":"PUT","timeout":9,"qs":{"b":"2","a":"1"},"headers":{"X":"y"},
        "ngsi":{"id":"p:${id}","n":{"value":"${a}","metadata":{"evalPriority":{"value":2}}}}}}})");
  s.id = "i";
  s.deliveries = {.times_sent = 3,
                  .fails_counter = 2,
                  .last_notification = kNow,
                  .last_success = kNow,
                  .last_success_code = 200,
                  .last_failure = kNow,
                  .last_failure_reason = "no route"};
  EXPECT_EQ(
      shown(s),
      R"({"id":"i","description":"d","expires":"2050-04-05T14:00:00.000Z","status":"oneshot",)"
      R"("subject":{"entities":[{"id":"E"},{"idPattern":"x","typePattern":"y"}],"condition":{"attrs":["a"],)"
      R"("jexlExpression":"a>1","expression":{"q":"a>1","mq":"a.b==1","geometry":"point","coords":"1,2",)"
      R"("georel":"near;maxDistance:5"},"alterationTypes":["entityDelete","entityUpdate"],"notifyOnMetadataChange":false}},)"
      R"("notification":{"timesSent":3,"lastNotification":"2025-11-24T16:01:40.000Z","exceptAttrs":["z"],)"
      R"("onlyChangedAttrs":true,"attrsFormat":"keyValues","httpCustom":{"url":"http://h/${id}","timeout":9,)"
      R"("ngsi":{"id":"p:${id}","n":{"type":"Text","value":"${a}","metadata":{"evalPriority":{"type":"Number","value":2}}}},)"
      R"("method":"PUT","qs":{"a":"1","b":"2"},"headers":{"X":"y"}},"metadata":["*"],)"
      R"("lastFailure":"2025-11-24T16:01:40.000Z","lastFailureReason":"no route",)"
      R"("lastSuccess":"2025-11-24T16:01:40.000Z","lastSuccessCode":200,"maxFailsLimit":7,"failsCounter":2,)"
      R"("covered":false},"throttling":5})");
}

TEST(SubscriptionJson, HidesPasswordsAndKeepsThemInTheDefinition) {
  const auto s = subscription("", R"("mqttCustom":{"url":"mqtt://h:1883","topic":"t/${id}","qos":2,"retain":true,)"
                                  R"("user":"u","passwd":"secret","payload":null})");
  EXPECT_NE(shown(s).find(R"("mqttCustom":{"url":"mqtt://h:1883","topic":"t/${id}","qos":2,"retain":true,"user":"u",)"
                          R"("passwd":"*****","payload":null})"),
            std::string::npos)
      << shown(s);
  const auto back = subscription_from_definition(to_definition(s));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->notification.credentials->password, "secret");
}

TEST(SubscriptionJson, ExpiredWinsOverWhatTheClientSet) {
  auto s = subscription("");
  s.status = SubscriptionStatus::inactive;
  s.expires = kNow - std::chrono::seconds(1);
  EXPECT_NE(shown(s).find(R"("status":"expired")"), std::string::npos);
}

TEST(SubscriptionJson, DefinitionReadsBackAsTheSame) {
  auto dated = subscription("");
  dated.expires = Timestamp{2533230800123456};
  dated.throttling = -1;
  dated.description = "x";
  for (const auto& s :
       {dated, subscription(""),
        subscription(R"("attrs":["a"],"expression":{"georel":"near;maxDistance:5","geometry":"point","coords":"1,2"})"),
        subscription("", R"("httpCustom":{"url":"http://a","payload":"x ${a}"},"attrs":["a"],"covered":true)"),
        subscription("", R"("httpCustom":{"url":"http://a","json":[{"a":"${b}"},1]},"exceptAttrs":["a"])"),
        subscription("", R"("httpCustom":{"url":"http://a","ngsi":{}})"),
        subscription("", R"("mqtt":{"url":"mqtt://a","topic":"t"},"attrsFormat":"simplifiedKeyValues")")}) {
    auto back = subscription_from_definition(to_definition(s));
    ASSERT_TRUE(back) << to_definition(s);
    back->id = s.id;
    EXPECT_EQ(to_definition(*back), to_definition(s));
    EXPECT_EQ(shown(*back), shown(s));
  }
  EXPECT_EQ(subscription_from_definition("{}").error().code, ErrorCode::internal);
}

TEST(SubscriptionJson, DefinitionSurvivesPatchesThatLeaveNoAttributes) {
  auto s = subscription("", R"("exceptAttrs":["a"])");
  ASSERT_TRUE(patch_subscription(s, R"({"notification":{"http":{"url":"http://b"}}})"));
  EXPECT_TRUE(subscription_from_definition(to_definition(s)));
  s = subscription("", R"("attrs":["a"],"covered":true)");
  ASSERT_TRUE(patch_subscription(s, R"({"notification":{"http":{"url":"http://b"}}})"));
  EXPECT_TRUE(subscription_from_definition(to_definition(s)));
}

TEST(SubscriptionJson, ThrottlingCountsFromTheLastNotification) {
  auto s = subscription("");
  s.throttling = 5;
  EXPECT_FALSE(s.is_throttled(kNow));
  s.deliveries.last_notification = kNow;
  EXPECT_TRUE(s.is_throttled(kNow + std::chrono::milliseconds(4900)));
  EXPECT_FALSE(s.is_throttled(kNow + std::chrono::seconds(5)));
}

}  // namespace
}  // namespace machi::broker

#include "broker/subscription/subscription_parser.h"

#include <gtest/gtest.h>

#include "broker/subscription/subscription_json.h"

namespace machi::broker {
namespace {

constexpr auto kSubject = R"({"entities":[{"idPattern":".*","type":"T"}]})";
constexpr auto kHttp = R"({"http":{"url":"http://localhost:1234"}})";

std::string with(std::string_view subject, std::string_view notification, std::string_view rest = "") {
  return R"({"subject":)" + std::string(subject) + R"(,"notification":)" + std::string(notification) +
         std::string(rest) + "}";
}
std::string subject(std::string_view text) {
  return with(text, kHttp);
}
std::string entities(std::string_view text) {
  return subject(R"({"entities":)" + std::string(text) + "}");
}
std::string condition(std::string_view text) {
  return subject(R"({"entities":[{"id":"E"}],"condition":)" + std::string(text) + "}");
}
std::string notification(std::string_view text) {
  return with(kSubject, text);
}
std::string http(std::string_view members) {
  return notification(R"({"http":{"url":"http://a"},)" + std::string(members) + "}");
}
std::string custom(std::string_view members) {
  return notification(R"({"httpCustom":{"url":"http://${id}",)" + std::string(members) + "}}");
}
std::string mqtt(std::string_view members) {
  return notification(R"({"mqtt":{"url":"mqtt://localhost:1883","topic":"t",)" + std::string(members) + "}}");
}
std::string top(std::string_view member) {
  return with(kSubject, kHttp, "," + std::string(member));
}

struct Case {
  std::string body;
  std::string error;
};

void expect_errors(const std::vector<Case>& cases) {
  for (const auto& [body, error] : cases) {
    const auto parsed = parse_subscription(body, {.forbid_characters = true});
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().message, error) << body;
    EXPECT_EQ(parsed.error().code, ErrorCode::bad_request) << body;
  }
}

TEST(SubscriptionParser, RefusesWhatIsNoJsonObject) {
  for (const char* body : {"{\"subject\":", "[]", "", "1"}) {
    const auto parsed = parse_subscription(body);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::parse_error);
    EXPECT_EQ(parsed.error().message, "Errors found in incoming JSON buffer");
  }
  expect_errors({{"{}", "empty payload"}});
}

TEST(SubscriptionParser, SaysWhatIsWrongWithTheSubject) {
  expect_errors({
      {R"({"notification":{}})", "no subject for subscription specified"},
      {subject("1"), "subject is not an object"},
      {subject("{}"), "no subject entities specified"},
      {entities("{}"), "/entities/ is not an array"},
      {entities("[]"), "subject entities is empty"},
      {entities(R"(["x"])"), "/entities/ vector item is not an object"},
      {entities(R"([{"type":"T"}])"), "/entities/ vector item does not have /id/ nor /idPattern/"},
      {entities(R"([{"id":"E","idPattern":".*"}])"), "/entities/ vector item has both /id/ and /idPattern/"},
      {entities(R"([{"id":"E","type":"T","typePattern":".*"}])"),
       "/entities/ element has both /type/ and /typePattern/"},
      {entities(R"([{"id":1}])"), "/entities/ vector item /id/ is not a string"},
      {entities(R"([{"id":""}])"), "/entities/ element id is empty"},
      {entities(R"([{"id":"a b"}])"), "forbidden characters in /entities/ vector item /id/"},
      {entities(R"([{"id":"町"}])"), "forbidden characters in /entities/ vector item /id/"},
      {entities(R"([{"id":")" + std::string(257, 'a') + "\"}]"),
       "max id length exceeded in /entities/ vector item /id/"},
      {entities(R"([{"id":"E","type":""}])"), "entity type length: 0, min length supported: 1"},
      {entities(R"([{"id":"E","type":"a/b"}])"), "forbidden characters in /entities/ vector item /type/"},
      {entities(R"([{"idPattern":""}])"), "/entities/ vector item /idPattern/ is empty"},
      {entities(R"([{"idPattern":"*"}])"), "Invalid regex for entity idPattern"},
      {entities(R"([{"id":"E","typePattern":"("}])"), "Invalid regex for entity typePattern"},
  });
}

TEST(SubscriptionParser, SaysWhatIsWrongWithTheCondition) {
  expect_errors({
      {condition("1"), "condition is not an object"},
      {condition("{}"), "condition is empty"},
      {condition(R"({"attrs":1})"), "the field /attrs/ must be a JSON array"},
      {condition(R"({"attrs":[1]})"), "only JSON Strings allowed in string vector /attrs/"},
      {condition(R"({"attrs":["a","a"]})"), "duplicated item /a/ in array"},
      {condition(R"({"attrs":[""]})"), "empty string found in string vector /attrs/"},
      {condition(R"({"attrs":["a;b"]})"), "forbidden characters in attribute name"},
      {condition(R"({"jexlExpression":1})"), "jexlExpression is not a string"},
      {condition(R"({"expression":1})"), "expression is not an object"},
      {condition(R"({"expression":{}})"), "expression is empty"},
      {condition(R"({"expression":{"q":1}})"), "q is not a string"},
      {condition(R"({"expression":{"q":""}})"), "q is empty"},
      {condition(R"({"expression":{"mq":""}})"), "mq is empty"},
      {condition(R"({"expression":{"georel":""}})"), "georel is empty"},
      {condition(R"({"expression":{"georel":"near","coords":"1,2"}})"),
       "partial geo expression: geometry, georel and coords have to be provided together"},
      {condition(R"({"expression":{"georel":"near;maxDistance:1","geometry":"x","coords":"1,2"}})"),
       "error parsing geo-query fields: error parsing geometry: Invalid selector in geometry specification"},
      {condition(R"({"alterationTypes":["entityFoo"]})"), "unknown subscription alterationType: entityFoo"},
      {condition(R"({"notifyOnMetadataChange":"foo"})"), "notifyOnMetadataChange is not a bool"},
  });
}

TEST(SubscriptionParser, SaysWhatIsWrongWithTheNotification) {
  expect_errors({
      {R"({"subject":{"entities":[{"id":"E"}]}})", "no notification for subscription specified"},
      {notification("1"), "notification is not an object"},
      {notification("{}"), "http, httpCustom, mqtt, mqttCustom, kafka or kafkaCustom is missing"},
      {notification(R"({"http":{},"mqtt":{}})"),
       "only one of http, httpCustom, mqtt, mqttCustom, kafka or kafkaCustom is allowed"},
      {notification(R"({"http":1})"), "http notification is not an object"},
      {notification(R"({"http":{}})"), "url http notification is missing"},
      {notification(R"({"http":{"url":1}})"), "url http notification is not a string"},
      {notification(R"({"http":{"url":"http://localhost:900000"}})"), "Invalid URL parsing notification url"},
      {notification(R"({"http":{"url":"mqtt://localhost"}})"), "mqtt URL cannot be used in http notifications"},
      {notification(R"({"http":{"url":"kafka://localhost"}})"), "kafka URL cannot be used in http notifications"},
      {notification(R"x({"http":{"url":"http://a/(b)"}})x"), "forbidden characters in http field /url/"},
      {notification(R"({"http":{"url":"http://a","timeout":"1"}})"), "timeout is not an int"},
      {notification(R"({"http":{"url":"http://a","timeout":-1}})"),
       "timeout field must be an integer between 0 and 1800000"},
      {http(R"("attrs":[],"exceptAttrs":["a"])"), "http notification has attrs and exceptAttrs"},
      {http(R"("exceptAttrs":[])"), "http notification has exceptAttrs is empty"},
      {http(R"("onlyChangedAttrs":1)"), "onlyChangedAttrs is not a bool"},
      {http(R"("covered":1)"), "covered is not a bool"},
      {http(R"("covered":true)"), "covered true cannot be used if notification attributes list is empty"},
      {http(R"("attrsFormat":"unique")"),
       "invalid attrsFormat, accepted values: normalized, simplifiedNormalized, keyValues, simplifiedkeyValues, "
       "values"},
      {http(R"("maxFailsLimit":"5")"), "maxFailsLimit is not an int"},
      {http(R"("maxFailsLimit":0)"), "maxFailsLimit must be greater than zero"},
  });
}

TEST(SubscriptionParser, SaysWhatIsWrongWithHttpCustom) {
  const auto priority = [](std::string_view value) {
    return custom(R"("ngsi":{"a":{"value":1,"metadata":{"evalPriority":{"value":)" + std::string(value) + "}}}}");
  };
  expect_errors({
      {notification(R"({"httpCustom":{}})"), "url httpCustom notification is missing"},
      {notification(R"({"httpCustom":{"url":"foo"}})"), "invalid custom /url/"},
      {notification(R"({"httpCustom":{"url":"http://a/<"}})"), "forbidden characters in custom /url/"},
      {custom(R"("method":"FOO")"), "unknown method httpCustom notification"},
      {custom(R"("payload":1)"), "payload custom notification is not a string"},
      {custom(R"("payload":"<")"), "forbidden characters in custom /payload/"},
      {custom(R"("payload":"x","json":{})"),
       "only one of payload, json or ngsi fields accepted at the same time in httpCustom, mqttCustom or kafkaCustom"},
      {custom(R"("json":"x")"), "json fields in httpCustom, mqttCustom or kafkaCustom must be object or array"},
      {custom(R"("qs":1)"), "notification httpCustom qs is not an object"},
      {custom(R"("qs":{})"), "notification httpCustom qs is empty"},
      {custom(R"("qs":{"a":1})"), "notification httpCustom qs element is not a string"},
      {custom(R"("qs":{"a":"<"})"), "forbidden characters in custom notification httpCustom qs"},
      {custom(R"("headers":{"a":"<"})"), "forbidden characters in custom notification httpCustom headers"},
      {custom(R"("ngsi":{"id":1})"), "Invalid JSON type for entity id"},
      {custom(R"("ngsi":{"type":1})"), "Invalid JSON type for entity type"},
      {custom(R"("ngsi":{"a":1})"), "attribute must be a JSON object, unless keyValues option is used"},
      {custom(R"("ngsi":{"a":{"value":1,"type":"a;b"}})"), "Invalid characters in attribute type"},
      {custom(R"("ngsi":{"a":{"value":1,"metadata":{"m":{"value":1}}}})"),
       "only evalPriority metadata is allowed in ngsi field in custom notifications"},
      {priority("\"1\""), "evalPriority metadata must be a number"},
      {priority("0"), "evalPriority metadata minimum priority is 1"},
      {priority("100001"), "evalPriority metadata maximum priority is 100000"},
  });
  EXPECT_TRUE(parse_subscription(custom(R"("headers":{"a":"${x||'one'}"})"), {.forbid_characters = true}));
}

TEST(SubscriptionParser, SaysWhatIsWrongWithMqtt) {
  expect_errors({
      {notification(R"({"mqtt":[]})"), "mqtt notification is not an object"},
      {notification(R"({"mqttCustom":[]})"), "mqttCustom notification is not an object"},
      {notification(R"({"mqtt":{}})"), "url mqtt notification is missing"},
      {notification(R"({"mqtt":{"url":"http://a"}})"), "http or https URL cannot be used in mqtt notifications"},
      {notification(R"({"mqtt":{"url":"foo"}})"), "invalid mqtt /url/"},
      {notification(R"({"mqtt":{"url":"mqtt://a/x"}})"), "path cannot be used in mqtt url, use topic instead"},
      {notification(R"({"mqtt":{"url":"mqtt://a"}})"), "topic mqtt notification is missing"},
      {notification(R"({"mqtt":{"url":"mqtt://a","topic":1}})"), "topic mqtt notification is not a string"},
      {notification(R"({"mqtt":{"url":"mqtt://a","topic":""}})"), "empty mqtt field /topic/"},
      {notification(R"({"mqtt":{"url":"mqtt://a","topic":"a/#"}})"), "+ and # are not allowed in mqtt field /topic/"},
      {mqtt(R"("qos":"0")"), "qos is not an int"},
      {mqtt(R"("qos":3)"), "mqtt qos field must be an integer in the 0 to 2 range"},
      {mqtt(R"("retain":"x")"), "retain is not a bool"},
      {mqtt(R"("user":"u")"), "you must use user and passwd fields simultaneously"},
      {mqtt(R"("user":"u<","passwd":"p")"), "forbidden characters in mqtt /user/"},
  });
  EXPECT_TRUE(parse_subscription(mqtt(R"("user":"u","passwd":"p<>")"), {.forbid_characters = true}));
}

TEST(SubscriptionParser, RefusesKafkaAsNotImplemented) {
  const auto parsed = parse_subscription(notification(R"({"kafka":{"url":"kafka://a","topic":"t"}})"));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::not_implemented);
}

TEST(SubscriptionParser, SaysWhatIsWrongAtTheTop) {
  expect_errors({
      {top(R"("description":1)"), "description is not a string"},
      {top(R"("description":"a=b")"), "forbidden characters in description"},
      {top("\"description\":\"" + std::string(1025, 'a') + "\""), "max description length exceeded"},
      {top(R"("expires":"tomorrow")"), "expires has an invalid format"},
      {top(R"("expires":"2022-12-21T17:16:63.00Z")"), "expires has an invalid format"},
      {top(R"("expires":"1899-12-21T17:16:23.00Z")"), "expires has an invalid format"},
      {top(R"("status":1)"), "status is not a string"},
      {top(R"("status":"x")"), "status is not valid: it has to be either active, inactive or oneshot"},
      {top(R"("throttling":"5")"), "throttling is not an int"},
  });
}

TEST(SubscriptionParser, ForbiddenCharactersAreOrionsRuleOnly) {
  const auto body = with(R"x({"entities":[{"id":"pop(est)","type":"a=b"}],"condition":{"attrs":["x;y"]}})x", kHttp,
                         R"(,"description":"<町>")");
  EXPECT_TRUE(parse_subscription(body));
  EXPECT_FALSE(parse_subscription(body, {.forbid_characters = true}));
  EXPECT_FALSE(parse_subscription(entities(R"([{"id":"a b"}])")));
}

TEST(SubscriptionParser, PatchReplacesTopLevelFieldsOnly) {
  auto parsed =
      parse_subscription(with(R"({"entities":[{"id":"E"}],"condition":{"attrs":["a"],"notifyOnMetadataChange":false}})",
                              R"({"http":{"url":"http://a"},"attrs":["x"],"covered":true,"maxFailsLimit":3})",
                              R"(,"description":"d","throttling":5,"expires":"2050-01-01")"));
  ASSERT_TRUE(parsed);
  ASSERT_TRUE(patch_subscription(*parsed, R"({"status":"inactive","expires":""})"));
  EXPECT_EQ(parsed->status, SubscriptionStatus::inactive);
  EXPECT_FALSE(parsed->expires);
  EXPECT_EQ(parsed->description, "d");
  EXPECT_EQ(parsed->throttling, 5);

  ASSERT_TRUE(patch_subscription(*parsed, R"({"subject":{"entities":[{"id":"F"}]},"description":""})"));
  ASSERT_EQ(parsed->entities.size(), 1U);
  EXPECT_EQ(parsed->entities[0].id, "F");
  EXPECT_TRUE(parsed->condition.attributes.empty());
  EXPECT_FALSE(parsed->condition.notify_on_metadata_change);
  EXPECT_EQ(parsed->description, "");
  EXPECT_EQ(parsed->notification.url, "http://a");

  ASSERT_TRUE(patch_subscription(*parsed, R"({"notification":{"mqtt":{"url":"mqtt://b","topic":"t"},"attrs":["y"]}})"));
  EXPECT_EQ(parsed->notification.transport, Transport::mqtt);
  EXPECT_TRUE(parsed->notification.covered);
  EXPECT_FALSE(parsed->notification.max_fails_limit);
}

TEST(SubscriptionParser, FailedPatchChangesNothing) {
  auto parsed = parse_subscription(with(kSubject, kHttp));
  ASSERT_TRUE(parsed);
  const auto before = to_definition(*parsed);
  EXPECT_FALSE(patch_subscription(*parsed, R"({"description":"new","status":"x"})"));
  EXPECT_FALSE(patch_subscription(*parsed, "{}"));
  EXPECT_EQ(to_definition(*parsed), before);
}

}  // namespace
}  // namespace machi::broker

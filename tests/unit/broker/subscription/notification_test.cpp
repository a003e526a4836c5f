#include "broker/subscription/notification.h"

#include <gtest/gtest.h>

#include "broker/subscription/events.h"

namespace machi::broker {
namespace {

using testing::attribute;
using testing::EventBuilder;
using testing::kNow;
using testing::subscription;

const Attribute kA = attribute("A", "Number", "1", {{"acc", "Number", "2"}});
const Attribute kB = attribute("B", "Text", "\"b\"");

HttpNotification http(const Subscription& s, const ChangeEvent& event, const NotificationContext& context = {}) {
  auto built = build_notification(s, event, context);
  if (!built) throw std::runtime_error(built.error().message);
  return std::get<HttpNotification>(*built);
}

MqttNotification mqtt(const Subscription& s, const ChangeEvent& event) {
  auto built = build_notification(s, event, {});
  if (!built) throw std::runtime_error(built.error().message);
  return std::get<MqttNotification>(*built);
}

std::string body(std::string_view notification, const ChangeEvent& event) {
  return http(subscription("", notification), event).body;
}

std::string header(const HttpNotification& n, std::string_view name) {
  for (const auto& [key, value] : n.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

/// httpCustom with these members beside the URL.
std::string custom(std::string_view members, std::string_view rest = "") {
  return R"("httpCustom":{"url":"http://localhost:1234/n",)" + std::string(members) + "}" + std::string(rest);
}

constexpr auto kEnvelope = R"({"subscriptionId":"5f8d1e2b3c4d5e6f7a8b9c0d","data":[)";

// Parsing costs more than filling: it is done when the subscription is read.
TEST(Notification, TextsAreParsedOnceForAllNotifications) {
  Subscription s = subscription("", R"("httpCustom":{"url":"http://a/${id}","qs":{"q":"${A}"},"headers":{"h":"${B}"},
      "json":{"n":"${A}"}})");
  ASSERT_NE(s.notification.templates, nullptr);
  s.notification.url = "${";
  s.notification.query = {{"${", "${"}};
  s.notification.headers = {{"${", "${"}};
  s.notification.payload.json = Json("${C}");
  const HttpNotification n = http(s, EventBuilder().changed(kA, "0").has(kB));
  EXPECT_EQ(n.url, "http://a/E?q=1");
  EXPECT_EQ(header(n, "h"), "b");
  EXPECT_EQ(n.body, R"({"n":1})");
}

TEST(Notification, AChangedSubscriptionHasItsTextsParsedAgain) {
  Subscription s = subscription("", R"("httpCustom":{"url":"http://a/${id}"})");
  ASSERT_TRUE(patch_subscription(s, R"({"notification":{"httpCustom":{"url":"http://b/${type}"}}})"));
  EXPECT_EQ(http(s, EventBuilder().changed(kA, "0")).url, "http://b/T");
  ASSERT_TRUE(patch_subscription(s, R"({"notification":{"http":{"url":"http://c/${type}"}}})"));
  EXPECT_EQ(s.notification.templates, nullptr);
}

TEST(Notification, FormatsOfTheBody) {
  const ChangeEvent event = EventBuilder().changed(kA, "0").has(kB);
  const std::string normalized =
      R"({"id":"E","type":"T","A":{"type":"Number","value":1,"metadata":{"acc":{"type":"Number","value":2}}},)"
      R"("B":{"type":"Text","value":"b","metadata":{}}})";
  EXPECT_EQ(body(R"("attrs":[])", event), kEnvelope + normalized + "]}");
  EXPECT_EQ(body(R"("attrsFormat":"simplifiedNormalized")", event), normalized);
  EXPECT_EQ(body(R"("attrsFormat":"keyValues")", event),
            std::string(kEnvelope) + R"({"id":"E","type":"T","A":1,"B":"b"}]})");
  EXPECT_EQ(body(R"("attrsFormat":"simplifiedKeyValues")", event), R"({"id":"E","type":"T","A":1,"B":"b"})");
  EXPECT_EQ(body(R"("attrsFormat":"values")", event), std::string(kEnvelope) + R"([1,"b"]]})");
}

TEST(Notification, AttributesAreFilteredAndOrdered) {
  const ChangeEvent event = EventBuilder().changed(kA, "0").has(kB);
  const auto values = [&](std::string_view filter) {
    return body(std::string(filter) + R"(,"attrsFormat":"simplifiedKeyValues")", event);
  };
  EXPECT_EQ(values(R"("attrs":["B","A","Z"])"), R"({"id":"E","type":"T","B":"b","A":1})");
  EXPECT_EQ(values(R"("exceptAttrs":["A"])"), R"({"id":"E","type":"T","B":"b"})");
  EXPECT_EQ(values(R"("attrs":["alterationType"])"), R"({"id":"E","type":"T","alterationType":"entityChange"})");
  EXPECT_EQ(values(R"("attrs":["servicePath","*"])"), R"({"id":"E","type":"T","A":1,"B":"b","servicePath":"/"})");
  EXPECT_EQ(
      values(R"("attrs":["dateCreated","dateModified"])"),
      R"({"id":"E","type":"T","dateCreated":"2025-11-24T16:00:00.000Z","dateModified":"2025-11-24T16:01:40.000Z"})");
  EXPECT_EQ(values(R"("attrs":["A","B"],"onlyChangedAttrs":true)"), R"({"id":"E","type":"T","A":1})");
  EXPECT_EQ(values(R"("attrs":["A","Z"],"covered":true)"), R"({"id":"E","type":"T","A":1,"Z":null})");
}

TEST(Notification, ExpiryIsShownOnlyWhenNamed) {
  const auto expiry = attribute("dateExpires", "DateTime", "\"2030-01-01T00:00:00.000Z\"");
  const ChangeEvent event = EventBuilder().changed(kB, "\"x\"").has(expiry).expiring(kNow);
  EXPECT_EQ(body(R"("attrsFormat":"simplifiedKeyValues")", event), R"({"id":"E","type":"T","B":"b"})");
  EXPECT_EQ(body(R"("attrsFormat":"simplifiedKeyValues","attrs":["dateExpires"])", event),
            R"({"id":"E","type":"T","dateExpires":"2030-01-01T00:00:00.000Z"})");
}

TEST(Notification, BuiltinMetadataTellWhatHappened) {
  const auto metadata = [](std::string_view filter, const ChangeEvent& event) {
    return body(R"("attrsFormat":"simplifiedNormalized","metadata":[)" + std::string(filter) + "]", event);
  };
  const ChangeEvent event = EventBuilder().changed(kA, "0").has(kB);
  EXPECT_EQ(
      metadata(R"("previousValue","actionType")", event),
      R"({"id":"E","type":"T","A":{"type":"Number","value":1,"metadata":{"previousValue":{"type":"Number","value":0},)"
      R"("actionType":{"type":"Text","value":"update"}}},)"
      R"("B":{"type":"Text","value":"b","metadata":{"previousValue":{"type":"Text","value":"b"}}}})");
  EXPECT_EQ(metadata(R"("*","dateCreated")", EventBuilder().changed(kA, "0")),
            R"({"id":"E","type":"T","A":{"type":"Number","value":1,"metadata":{"acc":{"type":"Number","value":2},)"
            R"("dateCreated":{"type":"DateTime","value":"2025-11-24T16:00:00.000Z"}}}})");
  EXPECT_EQ(
      metadata(R"("previousValue","actionType")", EventBuilder(kEntityCreate).created(kB)),
      R"({"id":"E","type":"T","B":{"type":"Text","value":"b","metadata":{"actionType":{"type":"Text","value":"append"}}}})");
}

TEST(Notification, HeadersOfAPlainNotification) {
  const auto n = http(subscription(""), EventBuilder().in_tenant("acme").at("/a").changed(kA, "0"),
                      {.ordinal = 3, .auth_token = "tok"});
  EXPECT_EQ(n.method, "POST");
  EXPECT_EQ(n.url, "http://localhost:1234/notify");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"User-Agent", "machi/" MACHI_VERSION}, {"Fiware-Service", "acme"},
      {"Fiware-ServicePath", "/a"},           {"X-Auth-Token", "tok"},
      {"Accept", "application/json"},         {"Content-Type", "application/json; charset=utf-8"},
      {"Fiware-Correlator", "c0; cbnotif=3"}, {"Ngsiv2-AttrsFormat", "normalized"}};
  EXPECT_EQ(n.headers, expected);
}

TEST(Notification, DefaultTenantAndMissingTokenSendNoHeader) {
  const auto n = http(subscription(""), EventBuilder().changed(kA, "0"));
  EXPECT_EQ(header(n, "Fiware-Service"), "(none)");
  EXPECT_EQ(header(n, "X-Auth-Token"), "(none)");
}

TEST(Notification, CustomTextIsFilledAndDecoded) {
  const auto n =
      http(subscription("", custom(R"("method":"PUT","payload":"{ %22A%22: %22${A}%22, %22Z%22: %22${Z}%22 } %zz")")),
           EventBuilder().changed(kA, "0"));
  EXPECT_EQ(n.method, "PUT");
  EXPECT_EQ(n.body, R"({ "A": "1", "Z": "null" } %zz)");
  EXPECT_EQ(header(n, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(header(n, "Ngsiv2-AttrsFormat"), "custom");
}

TEST(Notification, CustomWithoutPayloadIsThePlainBody) {
  const ChangeEvent event = EventBuilder().changed(kB, "\"x\"");
  const auto plain = body(R"("attrs":[])", event);
  EXPECT_EQ(body(custom(R"("method":"POST")"), event), plain);
  EXPECT_EQ(body(custom(R"("payload":"")"), event), plain);
}

TEST(Notification, NullPayloadIsAnEmptyBody) {
  const auto n = http(subscription("", custom(R"("payload":null)")), EventBuilder().changed(kA, "0"));
  EXPECT_EQ(n.body, "");
  EXPECT_EQ(header(n, "Content-Type"), "(none)");
  EXPECT_EQ(header(n, "Ngsiv2-AttrsFormat"), "custom");
}

TEST(Notification, JsonPayloadKeepsKinds) {
  const auto n = http(subscription("", custom(R"("json":{"t":"${A}","h":["${B}","x ${A}"],"n":"${Z}","v":4})")),
                      EventBuilder().changed(kA, "0").has(kB));
  EXPECT_EQ(n.body, R"({"t":1,"h":["b","x 1"],"n":null,"v":4})");
  EXPECT_EQ(header(n, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(header(n, "Ngsiv2-AttrsFormat"), "custom");
}

TEST(Notification, NgsiPatchesTheEntity) {
  const auto patched = custom(
      R"("ngsi":{"id":"p:${id}","type":"${A}","A":{"value":"${A+1}","type":"Calculated"},"S":{"value":"${servicePath}"}})",
      R"(,"attrs":["S","A","B"])");
  const auto n = http(subscription("", patched), EventBuilder().at("/x").changed(kA, "0").has(kB));
  EXPECT_EQ(n.body, kEnvelope + std::string(R"({"id":"p:E","type":"2","S":{"type":"Text","value":"/x","metadata":{}},)"
                                            R"("A":{"type":"Calculated","value":2,"metadata":{}},)"
                                            R"("B":{"type":"Text","value":"b","metadata":{}}}]})"));
  EXPECT_EQ(header(n, "Ngsiv2-AttrsFormat"), "normalized");
}

TEST(Notification, NgsiIsEvaluatedByPriority) {
  const auto step = [](int priority, std::string_view value) {
    return R"({"value":")" + std::string(value) + R"(","type":"N","metadata":{"evalPriority":{"value":)" +
           std::to_string(priority) + "}}}";
  };
  const auto s = subscription("", custom(R"("ngsi":{"Z":{"value":"${Y+1}"},"Y":)" + step(2, "${X+1}") + R"(,"X":)" +
                                             step(1, "${16|sqrt}") + R"(,"id":"${Z}"})",
                                         R"(,"attrs":["Z","Y"],"attrsFormat":"keyValues")"));
  EXPECT_EQ(http(s, EventBuilder().changed(kA, "0")).body,
            std::string(kEnvelope) + R"({"id":"6","type":"T","Z":6,"Y":5}]})");
}

TEST(Notification, NgsiKeepsIdAndTypeWhenTheirMacrosAreNull) {
  const auto s = subscription("", custom(R"("ngsi":{"id":"${Q}","type":"t-${Q}"})", R"(,"attrs":["B"])"));
  const auto n = http(s, EventBuilder().changed(kB, "\"x\""));
  EXPECT_EQ(n.body,
            std::string(kEnvelope) + R"({"id":"E","type":"t-null","B":{"type":"Text","value":"b","metadata":{}}}]})");
}

TEST(Notification, UrlQueryAndHeadersAreTemplates) {
  const auto s = subscription("", R"("httpCustom":{"url":"http://localhost:1234/e/${id}?k=v","payload":null,)"
                                  R"("qs":{"type":"${type}","p${A}":"${B} &","none":"${Z}"},)"
                                  R"("headers":{"X-${B}":"v ${A}","Gone":"${Z}","Authorization":"Basic QQ%3D%3D"}})");
  const auto n = http(s, EventBuilder().changed(kA, "0").has(kB));
  EXPECT_EQ(n.url, "http://localhost:1234/e/E?k=v&p1=b%20%26&type=T");
  EXPECT_EQ(header(n, "X-b"), "v 1");
  EXPECT_EQ(header(n, "Gone"), "(none)");
  EXPECT_EQ(header(n, "Authorization"), "Basic QQ==");
}

TEST(Notification, CustomHeadersReplaceAndRemoveTheBrokers) {
  const auto s =
      subscription("", custom(R"("headers":{"accept":"","content-type":"text/csv","fiware-correlator":"x",)"
                              R"("Ngsiv2-AttrsFormat":"y","Content-Length":"0","x-auth-token":""},"payload":"p")"));
  const auto n = http(s, EventBuilder().changed(kA, "0"), {.auth_token = "tok"});
  EXPECT_EQ(header(n, "Accept"), "(none)");
  EXPECT_EQ(header(n, "X-Auth-Token"), "(none)");
  EXPECT_EQ(header(n, "Content-Type"), "text/csv");
  EXPECT_EQ(header(n, "Fiware-Correlator"), "c0; cbnotif=1");
  EXPECT_EQ(header(n, "Ngsiv2-AttrsFormat"), "custom");
  EXPECT_EQ(header(n, "Content-Length"), "(none)");
}

TEST(Notification, TemplatesCannotSmuggleHeadersOrBreakTheUrl) {
  const auto evil = attribute("A", "Text", R"("x\r\nHost: evil")");
  const ChangeEvent event = EventBuilder().changed(evil, "0");
  EXPECT_FALSE(build_notification(subscription("", custom(R"("headers":{"X":"${A}"})")), event, {}));
  EXPECT_FALSE(build_notification(subscription("", custom(R"("headers":{"X":"a%0Ab"})")), event, {}));
  EXPECT_FALSE(build_notification(subscription("", custom(R"("headers":{"X ${A}":"1"})")), event, {}));
  EXPECT_FALSE(build_notification(subscription("", R"("httpCustom":{"url":"http://${A}/"})"), event, {}));
  EXPECT_FALSE(build_notification(subscription("", R"("httpCustom":{"url":"${Z}"})"), event, {}));
  EXPECT_EQ(http(subscription("", R"("httpCustom":{"url":"http://h/${A}"})"), event).url,
            "http://h/x%0D%0AHost:%20evil");
}

TEST(Notification, OpenMacrosSendNothing) {
  EXPECT_FALSE(build_notification(subscription("", custom(R"("payload":"${A")")), EventBuilder().changed(kA, "0"), {}));
}

TEST(Notification, MacrosSeeServiceAndToken) {
  const auto s = subscription("", custom(R"("payload":"${id} ${service} ${servicePath} ${authToken}")"));
  EXPECT_EQ(http(s, EventBuilder().in_tenant("s1").at("/p").changed(kA, "0"), {.auth_token = "t"}).body, "E s1 /p t");
  const auto own = attribute("service", "Text", "\"mine\"");
  EXPECT_EQ(http(s, EventBuilder().in_tenant("s1").changed(own, "0")).body, "E mine / ");
}

TEST(Notification, MqttCarriesTopicAndPayload) {
  const auto s = subscription("", R"("mqttCustom":{"url":"mqtt://b:1883","topic":"t/${id}/${A}","qos":1,"retain":true,)"
                                  R"("user":"u","passwd":"p","payload":"v=${A}"})");
  const auto n = mqtt(s, EventBuilder().changed(kA, "0"));
  EXPECT_EQ(n.url, "mqtt://b:1883");
  EXPECT_EQ(n.topic, "t/E/1");
  EXPECT_EQ(n.payload, "v=1");
  EXPECT_EQ(n.qos, 1);
  EXPECT_TRUE(n.retain);
  EXPECT_EQ(n.credentials->user, "u");
  const auto plain = mqtt(subscription("", R"("mqtt":{"url":"mqtt://b","topic":"t/${id}"},"attrsFormat":"values")"),
                          EventBuilder().changed(kA, "0"));
  EXPECT_EQ(plain.topic, "t/${id}");
  EXPECT_EQ(plain.payload, std::string(kEnvelope) + "[1]]}");
}

TEST(Notification, MqttTopicsHaveNoWildcards) {
  const auto s = subscription("", R"("mqttCustom":{"url":"mqtt://b","topic":"${A}"})");
  EXPECT_FALSE(build_notification(s, EventBuilder().changed(attribute("A", "Text", "\"a/#\""), "0"), {}));
  EXPECT_FALSE(build_notification(s, EventBuilder().changed(kB, "0"), {}));
}

TEST(Notification, NineDecimalsOfWhatIsComputed) {
  const auto q = attribute("Q", "Number", "2.8");
  EXPECT_EQ(body(custom(R"("json":["${Q|log}","${Q}"])"), EventBuilder().changed(q, "0")), "[1.029619417,2.8]");
}

}  // namespace
}  // namespace machi::broker

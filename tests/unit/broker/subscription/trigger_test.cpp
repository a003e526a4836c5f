#include "broker/subscription/trigger.h"

#include <gtest/gtest.h>

#include "broker/subscription/events.h"

namespace machi::broker {
namespace {

using testing::attribute;
using testing::EventBuilder;
using testing::kNow;
using testing::subscription;

const Attribute kA = attribute("A", "Number", "1");
const Attribute kB = attribute("B", "Text", "\"b\"");

bool triggers(const Subscription& s, const ChangeEvent& event) {
  const auto place = place_matcher(s);
  return matches(s, event, place ? &*place : nullptr);
}

EventBuilder create() {
  return EventBuilder(kEntityCreate);
}
EventBuilder change() {
  return EventBuilder(kEntityChange | kEntityUpdate);
}
EventBuilder update() {
  return EventBuilder(kEntityUpdate);
}
EventBuilder removal() {
  return EventBuilder(kEntityDelete);
}

TEST(Trigger, ByDefaultCreationAndChangeNotify) {
  const auto s = subscription("");
  EXPECT_TRUE(triggers(s, create().created(kA)));
  EXPECT_TRUE(triggers(s, change().changed(kA, "0")));
  EXPECT_TRUE(triggers(s, change().removed(kA)));
  EXPECT_FALSE(triggers(s, update().touched(kA)));
  EXPECT_FALSE(triggers(s, removal().has(kA)));
}

TEST(Trigger, AlterationTypesChoose) {
  const auto on_create = subscription(R"("alterationTypes":["entityCreate"])");
  EXPECT_TRUE(triggers(on_create, create().created(kA)));
  EXPECT_FALSE(triggers(on_create, change().changed(kA, "0")));
  const auto on_change = subscription(R"("alterationTypes":["entityChange"])");
  EXPECT_FALSE(triggers(on_change, create().created(kA)));
  EXPECT_TRUE(triggers(on_change, change().changed(kA, "0")));
  EXPECT_FALSE(triggers(on_change, update().touched(kA)));
  const auto on_update = subscription(R"("alterationTypes":["entityUpdate"])");
  EXPECT_TRUE(triggers(on_update, change().changed(kA, "0")));
  EXPECT_TRUE(triggers(on_update, update().touched(kA)));
  EXPECT_FALSE(triggers(on_update, create().created(kA)));
  const auto on_delete = subscription(R"("attrs":["Z"],"alterationTypes":["entityDelete"])");
  EXPECT_TRUE(triggers(on_delete, removal().has(kA)));
  EXPECT_FALSE(triggers(on_delete, change().changed(kA, "0")));
}

TEST(Trigger, AttributesOfTheConditionMustHaveChanged) {
  const auto s = subscription(R"("attrs":["A"])");
  EXPECT_TRUE(triggers(s, change().changed(kA, "0")));
  EXPECT_FALSE(triggers(s, change().has(kA).changed(kB, "\"x\"")));
  EXPECT_FALSE(triggers(s, change().touched(kA).changed(kB, "\"x\"")));
  EXPECT_TRUE(triggers(s, change().removed(kA).has(kB)));
}

// Orion's issue 4647: with entityUpdate, naming the attribute is enough even when another one changed.
TEST(Trigger, WithEntityUpdateANamedAttributeIsEnough) {
  const auto s = subscription(R"("attrs":["A"],"alterationTypes":["entityUpdate","entityChange"])");
  EXPECT_TRUE(triggers(s, change().touched(kA).changed(kB, "\"x\"")));
  EXPECT_FALSE(triggers(s, change().has(kA).changed(kB, "\"x\"")));
}

TEST(Trigger, ChangesOfMetadataCountUnlessSwitchedOff) {
  EXPECT_TRUE(triggers(subscription(""), change().metadata_changed(kA)));
  const auto off = subscription(R"("notifyOnMetadataChange":false)");
  EXPECT_FALSE(triggers(off, change().metadata_changed(kA)));
  EXPECT_TRUE(triggers(off, change().metadata_changed(kA).changed(kB, "\"x\"")));
  const auto off_for_a = subscription(R"("attrs":["A"],"notifyOnMetadataChange":false)");
  EXPECT_FALSE(triggers(off_for_a, change().metadata_changed(kA).changed(kB, "\"x\"")));
  const auto updates = subscription(R"("alterationTypes":["entityUpdate"],"notifyOnMetadataChange":false)");
  EXPECT_TRUE(triggers(updates, change().metadata_changed(kA)));
}

TEST(Trigger, ForcedUpdatesComeAsChanges) {
  EXPECT_TRUE(triggers(subscription(R"("attrs":["A"])"), change().changed(kA, "1")));
}

TEST(Trigger, EntityIsNamedByIdTypeOrPattern) {
  const ChangeEvent event = change().named("Room-1", "Room").changed(kA, "0");
  const auto entity = [&](std::string_view text) { return triggers(subscription("", R"("attrs":[])", text), event); };
  EXPECT_TRUE(entity(R"({"id":"Room-1"})"));
  EXPECT_TRUE(entity(R"({"id":"Room-1","type":"Room"})"));
  EXPECT_TRUE(entity(R"({"idPattern":"oom-[0-9]"})"));
  EXPECT_TRUE(entity(R"({"id":"Room-1","typePattern":"^R"})"));
  EXPECT_FALSE(entity(R"({"id":"Room-2"})"));
  EXPECT_FALSE(entity(R"({"id":"Room-1","type":"Car"})"));
  EXPECT_FALSE(entity(R"({"idPattern":"^oom"})"));
  EXPECT_FALSE(entity(R"({"idPattern":".*","typePattern":"m$x"})"));
}

TEST(Trigger, ServicePathsCoverTheirTree) {
  EXPECT_TRUE(covers_path("/#", "/"));
  EXPECT_TRUE(covers_path("/#", "/a/b"));
  EXPECT_TRUE(covers_path("/a/#", "/a"));
  EXPECT_TRUE(covers_path("/a/#", "/a/b"));
  EXPECT_FALSE(covers_path("/a/#", "/ab"));
  EXPECT_TRUE(covers_path("/a", "/a"));
  EXPECT_FALSE(covers_path("/a", "/a/b"));
  EXPECT_FALSE(covers_path("/", "/a"));
  auto s = subscription("");
  s.service_path = "/a";
  EXPECT_FALSE(triggers(s, change().at("/b").changed(kA, "0")));
}

TEST(Trigger, ExpressionsMustHold) {
  EXPECT_TRUE(triggers(subscription(R"("expression":{"q":"A>0"})"), change().changed(kA, "0")));
  EXPECT_FALSE(triggers(subscription(R"("expression":{"q":"A>5"})"), change().changed(kA, "0")));
  const auto precise = attribute("A", "Number", "1", {{"accuracy", "Number", "0.5"}});
  EXPECT_TRUE(triggers(subscription(R"("expression":{"mq":"A.accuracy<1"})"), change().changed(precise, "0")));
  EXPECT_FALSE(triggers(subscription(R"("expression":{"mq":"A.accuracy>1"})"), change().changed(precise, "0")));
}

TEST(Trigger, GeographyIsJudgedInMemory) {
  const auto s =
      subscription(R"("expression":{"georel":"near;maxDistance:1000","geometry":"point","coords":"36.96,140.05"})");
  const auto at = [](std::string coordinates) {
    return attribute("location", "geo:json", R"({"type":"Point","coordinates":[)" + coordinates + "]}");
  };
  EXPECT_TRUE(triggers(s, change().changed(kA, "0").has(at("140.051,36.961"))));
  EXPECT_FALSE(triggers(s, change().changed(kA, "0").has(at("140.2,36.96"))));
  EXPECT_FALSE(triggers(s, change().changed(kA, "0")));
}

TEST(Trigger, JexlMustBeExactlyTrue) {
  const auto jexl = [](std::string_view text, const ChangeEvent& event) {
    return triggers(subscription("\"jexlExpression\":\"" + std::string(text) + "\""), event);
  };
  const ChangeEvent event = change().changed(kA, "-2").has(kB);
  EXPECT_TRUE(jexl("A == 1 && B == 'b'", event));
  EXPECT_FALSE(jexl("A == 2", event));
  EXPECT_FALSE(jexl("A|parseInt", event));
  EXPECT_FALSE(jexl("B|uppercase", event));
  EXPECT_FALSE(jexl("A == 1 &&", event));
  EXPECT_FALSE(jexl("(A|patatacase)==3", event));
  EXPECT_TRUE(jexl("A-metadata.A.previousValue==3", event));
}

TEST(Trigger, JexlReadsTheEntityBeforeItsRemoval) {
  const auto s = subscription(R"("alterationTypes":["entityDelete"],"jexlExpression":"A == 1")");
  EXPECT_TRUE(triggers(s, removal().has(kA)));
  EXPECT_FALSE(triggers(s, removal().has(attribute("A", "Number", "2"))));
}

TEST(Trigger, OnlyLiveSubscriptionsTrigger) {
  auto s = subscription("");
  s.status = SubscriptionStatus::inactive;
  EXPECT_FALSE(triggers(s, change().changed(kA, "0")));
  s.status = SubscriptionStatus::oneshot;
  EXPECT_TRUE(triggers(s, change().changed(kA, "0")));
  s.expires = kNow - std::chrono::seconds(1);
  EXPECT_FALSE(triggers(s, change().changed(kA, "0")));
  s.expires = kNow + std::chrono::seconds(1);
  EXPECT_TRUE(triggers(s, change().changed(kA, "0")));
}

TEST(Trigger, OnlyChangedAttributesMayLeaveNothingToSay) {
  const auto s = subscription(R"("attrs":["A","B"])", R"("attrs":["B"],"onlyChangedAttrs":true)");
  EXPECT_FALSE(triggers(s, change().changed(kA, "0").has(kB)));
  EXPECT_TRUE(triggers(s, change().has(kA).changed(kB, "\"x\"")));
}

TEST(Trigger, SelectsWhatTheRequestNamed) {
  const auto names = [](std::string_view notification, const ChangeEvent& event) {
    const auto s = subscription("", std::string(notification) + R"(,"onlyChangedAttrs":true)");
    std::string out;
    for (const auto& name : select_attributes(s.notification, event).names) out += name + " ";
    return out;
  };
  const ChangeEvent event = change().changed(kA, "0").has(kB).touched(attribute("C", "Number", "3"));
  EXPECT_EQ(names(R"("attrs":[])", event), "A C ");
  EXPECT_EQ(names(R"("attrs":["B","A","dateModified"])", event), "A dateModified ");
  EXPECT_EQ(names(R"("attrs":["*","alterationType"])", event), "alterationType A C ");
  EXPECT_EQ(names(R"("exceptAttrs":["A"])", event), "C ");
  EXPECT_EQ(names(R"("attrs":["alterationType"])", removal().has(kA)), "alterationType ");
}

}  // namespace
}  // namespace machi::broker

#include <gtest/gtest.h>

#include "broker/model/build.h"

namespace machi::broker {
namespace {

using namespace build;
using Kind = AttributeAlteration::Kind;

Applied must(const Entity* current, const EntityChange& c) {
  auto applied = apply(current, c, kNow);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  return applied ? std::move(*applied) : Applied{};
}

Error refusal(const Entity* current, const EntityChange& c) {
  auto applied = apply(current, c, kNow);
  EXPECT_FALSE(applied);
  return applied ? Error{} : applied.error();
}

TEST(Apply, CreateMakesTheEntityWithDefaultTypes) {
  EntityChange c =
      change(ChangeAction::create, {{.name = "n", .value = "1"}, {.name = "t", .value = "\"x\""}, {.name = "nothing"}});
  c.type.reset();
  const Applied a = must(nullptr, c);
  EXPECT_EQ(a.alterations, kEntityCreate);
  EXPECT_EQ(a.after.type, "Thing");
  EXPECT_EQ(a.after.version, 1);
  EXPECT_EQ(a.after.created, kNow);
  EXPECT_EQ(a.after.find("n")->type, "Number");
  EXPECT_EQ(a.after.find("t")->type, "Text");
  EXPECT_EQ(a.after.find("nothing")->type, "None");
  EXPECT_EQ(a.after.find("nothing")->value, "null");
  ASSERT_EQ(a.altered.size(), 3);
  EXPECT_EQ(a.altered[0].kind, Kind::created);
}

TEST(Apply, CreateOfWhatExistsIsRefused) {
  const Entity e = entity({});
  const Error error = refusal(&e, change(ChangeAction::create));
  EXPECT_EQ(error.code, ErrorCode::already_exists);
  EXPECT_EQ(error.message, "Already Exists");
}

TEST(Apply, OnlyCreatingActionsMakeAnEntity) {
  for (const auto action : {ChangeAction::append, ChangeAction::append_strict, ChangeAction::update,
                            ChangeAction::replace, ChangeAction::remove_entity, ChangeAction::remove_attributes}) {
    EXPECT_EQ(refusal(nullptr, change(action)).code, ErrorCode::not_found);
  }
  EntityChange c = change(ChangeAction::append_strict, {put("a", "Number", "1")});
  c.create_missing = true;
  EXPECT_EQ(must(nullptr, c).alterations, kEntityCreate);
  EXPECT_EQ(must(nullptr, change(ChangeAction::upsert)).alterations, kEntityCreate);
}

TEST(Apply, UpdateOfAChangedValueMovesTheTimes) {
  const Entity e = entity({attribute("a", "Number", "1"), attribute("b", "Number", "1")});
  const Applied a = must(&e, change(ChangeAction::update, {put("a", "Number", "2")}));
  EXPECT_EQ(a.alterations, kEntityChange | kEntityUpdate);
  EXPECT_EQ(a.after.modified, kNow);
  EXPECT_EQ(a.after.created, kThen);
  EXPECT_EQ(a.after.version, 5);
  EXPECT_EQ(a.after.find("a")->modified, kNow);
  EXPECT_EQ(a.after.find("a")->created, kThen);
  EXPECT_EQ(a.after.find("b")->modified, kThen);
  ASSERT_EQ(a.altered.size(), 1);
  EXPECT_EQ(a.altered[0].kind, Kind::value_changed);
  EXPECT_EQ(a.altered[0].before->value, "1");
}

TEST(Apply, UpdateThatRepeatsTheValueIsAnUpdateAndNoChange) {
  const Entity e = entity({attribute("a", "StructuredValue", R"({"x":1,"y":[2]})")});
  const Applied a = must(&e, change(ChangeAction::update, {put("a", "StructuredValue", R"({"y":[2],"x":1})")}));
  EXPECT_EQ(a.alterations, kEntityUpdate);
  EXPECT_FALSE(a.changes_state());
  EXPECT_EQ(a.after.modified, kThen);
  EXPECT_EQ(a.after.find("a")->modified, kThen);
  ASSERT_EQ(a.altered.size(), 1);
  EXPECT_EQ(a.altered[0].kind, Kind::touched);
}

TEST(Apply, ForcedUpdateCountsAsChange) {
  const Entity e = entity({attribute("a", "Number", "1")});
  EntityChange c = change(ChangeAction::update, {put("a", "Number", "1")});
  c.forced = true;
  const Applied a = must(&e, c);
  EXPECT_EQ(a.alterations, kEntityChange | kEntityUpdate);
  EXPECT_EQ(a.altered[0].kind, Kind::value_changed);
}

TEST(Apply, TypeAloneIsAChange) {
  const Entity e = entity({attribute("a", "Number", "1")});
  EXPECT_EQ(must(&e, change(ChangeAction::update, {put("a", "Integer", "1")})).altered[0].kind, Kind::value_changed);
}

TEST(Apply, AbsentTypeAndValueKeepThePresentOnes) {
  const Entity e = entity({attribute("a", "Custom", "1")});
  const Applied a = must(&e, change(ChangeAction::update, {{.name = "a", .value = "2"}}));
  EXPECT_EQ(a.after.find("a")->type, "Custom");
  AttributeChange only_metadata{.name = "a"};
  only_metadata.metadata.push_back({.name = "m", .value = "true"});
  const Applied b = must(&e, change(ChangeAction::update, {only_metadata}));
  EXPECT_EQ(b.after.find("a")->value, "1");
  EXPECT_EQ(b.after.find("a")->find_metadata("m")->type, "Boolean");
  EXPECT_EQ(b.altered[0].kind, Kind::metadata_changed);
}

TEST(Apply, MetadataStickUnlessOverridden) {
  Attribute before = attribute("a", "Number", "1");
  before.metadata = {{"unit", "Text", "\"C\""}, {"avg", "Number", "25.4"}};
  const Entity e = entity({before});
  AttributeChange given = put("a", "Number", "2");
  given.metadata = {{"avg", "Number", "25.6"}, {"accuracy", "Number", "98.7"}};
  EntityChange c = change(ChangeAction::update, {given});
  const Applied sticky = must(&e, c);
  const std::vector<Metadata> all{{"unit", "Text", "\"C\""}, {"avg", "Number", "25.6"}, {"accuracy", "Number", "98.7"}};
  EXPECT_EQ(sticky.after.find("a")->metadata, all);
  c.override_metadata = true;
  const Applied overridden = must(&e, c);
  const std::vector<Metadata> given_only{{"avg", "Number", "25.6"}, {"accuracy", "Number", "98.7"}};
  EXPECT_EQ(overridden.after.find("a")->metadata, given_only);
}

TEST(Apply, UpdateRefusesWhatDoesNotExistAndAppliesTheRest) {
  const Entity e = entity({attribute("a", "Number", "1")});
  const Applied part = must(
      &e, change(ChangeAction::update, {put("b", "Number", "1"), put("a", "Number", "2"), put("c", "Number", "1")}));
  EXPECT_EQ(part.after.find("a")->value, "2");
  ASSERT_TRUE(part.refused);
  EXPECT_EQ(*part.refused, (Error{ErrorCode::partial_update, "do not exist: E/T - [ b, c ]", "E/T - [ b, c ]"}));
  EntityChange none = change(ChangeAction::update, {put("b", "Number", "1")});
  none.type.reset();
  EXPECT_EQ(refusal(&e, none), (Error{ErrorCode::unprocessable, "do not exist: E - [ b ]", "E - [ b ]"}));
}

TEST(Apply, StrictAppendRefusesWhatExistsAndAddsTheRest) {
  const Entity e = entity({attribute("a", "Number", "1")});
  const Applied part =
      must(&e, change(ChangeAction::append_strict, {put("a", "Number", "2"), put("b", "Number", "1")}));
  EXPECT_EQ(part.after.find("a")->value, "1");
  EXPECT_EQ(part.after.find("b")->value, "1");
  EXPECT_EQ(part.refused->message, "one or more of the attributes in the request already exist: E/T - [ a ]");
  EXPECT_EQ(refusal(&e, change(ChangeAction::append_strict, {put("a", "Number", "2")})).code, ErrorCode::unprocessable);
}

TEST(Apply, ReplaceMakesTheGivenAttributesTheWholeSet) {
  Attribute old = attribute("a", "Number", "1");
  old.metadata = {{"m", "Number", "1"}};
  const Entity e = entity({old, attribute("gone", "Number", "1")});
  const Applied a = must(&e, change(ChangeAction::replace, {put("a", "Number", "1"), put("b", "Number", "1")}));
  ASSERT_EQ(a.after.attributes.size(), 2);
  EXPECT_TRUE(a.after.find("a")->metadata.empty());
  EXPECT_EQ(a.after.find("a")->created, kNow);
  ASSERT_EQ(a.altered.size(), 3);
  EXPECT_EQ(a.altered[0].kind, Kind::value_changed);
  EXPECT_EQ(a.altered[1].kind, Kind::created);
  EXPECT_EQ(a.altered[2].kind, Kind::removed);
  EXPECT_EQ(a.altered[2].name, "gone");
}

TEST(Apply, RemovingAttributesKeepsTheirLastImage) {
  const Entity e = entity({attribute("a", "Number", "1"), attribute("b", "Number", "2")});
  const Applied a = must(&e, change(ChangeAction::remove_attributes, {{.name = "a"}, {.name = "x"}}));
  EXPECT_FALSE(a.after.find("a"));
  EXPECT_EQ(a.altered[0].before->value, "1");
  EXPECT_EQ(a.refused->message, "do not exist: E/T - [ x ]");
  EXPECT_EQ(refusal(&e, change(ChangeAction::remove_attributes, {{.name = "x"}})).code, ErrorCode::unprocessable);
}

TEST(Apply, RemovingTheEntityShowsItAsItWas) {
  const Entity e = entity({attribute("a", "Number", "1")});
  const Applied a = must(&e, change(ChangeAction::remove_entity));
  EXPECT_EQ(a.alterations, kEntityDelete);
  EXPECT_EQ(a.after.attributes, e.attributes);
  EXPECT_EQ(a.after.version, 5);
}

TEST(Apply, DateExpiresSetsAndClearsTheExpiry) {
  const Applied a =
      must(nullptr, change(ChangeAction::create, {put("dateExpires", "DateTime", "\"2028-07-07T21:35:00.000Z\"")}));
  ASSERT_TRUE(a.after.expires);
  EXPECT_EQ(to_iso8601_milliseconds(*a.after.expires), "2028-07-07T21:35:00.000Z");
  EXPECT_FALSE(must(&a.after, change(ChangeAction::replace, {put("x", "Number", "1")})).after.expires);
  EXPECT_FALSE(must(&a.after, change(ChangeAction::remove_attributes, {{.name = "dateExpires"}})).after.expires);
  EXPECT_TRUE(must(&a.after, change(ChangeAction::append, {put("x", "Number", "1")})).after.expires);
  EXPECT_EQ(refusal(nullptr, change(ChangeAction::create, {put("dateExpires", "Text", "\"soon\"")})).code,
            ErrorCode::bad_request);
}

TEST(Apply, ObservationTimeComesFromMetadata) {
  AttributeChange given = put("a", "Number", "1");
  given.metadata = {{"TimeInstant", "DateTime", "\"2026-01-01T00:00:00.000Z\""}};
  EXPECT_TRUE(must(nullptr, change(ChangeAction::create, {given})).after.find("a")->observed);
}

const std::string kPoint = R"({"type":"Point","coordinates":[139.7,35.6]})";

AttributeChange ignored(AttributeChange a) {
  a.metadata.push_back({"ignoreType", "Boolean", "true"});
  return a;
}

TEST(Apply, OneLocationAnEntity) {
  EXPECT_EQ(
      refusal(nullptr, change(ChangeAction::create, {put("a", "geo:json", kPoint), put("b", "geo:point", "\"1, 2\"")}))
          .code,
      ErrorCode::no_resources);
  const Applied two = must(
      nullptr, change(ChangeAction::create, {put("a", "geo:json", kPoint), ignored(put("b", "geo:json", kPoint))}));
  EXPECT_EQ(refusal(&two.after, change(ChangeAction::append, {put("c", "geo:json", kPoint)})).code,
            ErrorCode::no_resources);
  EXPECT_TRUE(apply(&two.after, change(ChangeAction::append, {put("c", "geo:json", "null")}), kNow));
  EXPECT_TRUE(apply(&two.after, change(ChangeAction::append, {put("b", "geo:json", kPoint)}), kNow))
      << "ignoreType sticks";
  EntityChange cleared = change(ChangeAction::append, {put("b", "geo:json", kPoint)});
  cleared.override_metadata = true;
  EXPECT_EQ(refusal(&two.after, cleared).code, ErrorCode::no_resources);
  EXPECT_TRUE(apply(&two.after,
                    change(ChangeAction::append, {ignored(put("a", "geo:json", kPoint)), put("c", "geo:json", kPoint)}),
                    kNow));
}

TEST(Apply, WrongLocationsAreNamedAsTheFacesKnowThem) {
  EXPECT_EQ(refusal(nullptr, change(ChangeAction::create, {put("a", "geo:point", "\"foo\"")})).message,
            "error parsing location attribute: geo coordinates format error [see Orion user manual]: foo");
  const Entity e = entity({attribute("x", "Number", "1")});
  EXPECT_EQ(
      refusal(&e, change(ChangeAction::append, {put("a", "geo:point", "\"foo\"")})).message,
      "error parsing location attribute for new attribute: geo coordinates format error [see Orion user manual]: foo");
  EXPECT_EQ(refusal(&e, change(ChangeAction::append, {put("x", "geo:point", "\"foo\"")})).message,
            "error parsing location attribute for existing attribute: geo coordinates format error [see Orion user "
            "manual]: foo");
  EXPECT_EQ(
      refusal(nullptr, change(ChangeAction::create, {put("a", "geo:json", R"({"type":"Pt","coordinates":[1,2]})")}))
          .message,
      "Wrong GeoJson");
}

TEST(Apply, AMomentGivenAsAValueAloneIsMadeCanonical) {
  const Entity e = entity({attribute("a", "DateTime", "\"2026-01-01T00:00:00.000Z\"")});
  const Applied a = must(&e, change(ChangeAction::update, {{.name = "a", .value = "\"2026-01-01T09:00+09:00\""}}));
  EXPECT_EQ(a.alterations, kEntityUpdate);
  EXPECT_EQ(refusal(&e, change(ChangeAction::update, {{.name = "a", .value = "\"soon\""}})).message,
            "date has invalid format in attribute value");
}

TEST(Apply, OperatorsCountAsChangeWhateverComesOut) {
  const Entity e = entity({attribute("a", "Number", "5")});
  const Applied a = must(&e, change(ChangeAction::update, {operate("a", UpdateOperator::maximum, "3")}));
  EXPECT_EQ(a.after.find("a")->value, "5");
  EXPECT_EQ(a.after.find("a")->type, "Number");
  EXPECT_EQ(a.altered[0].kind, Kind::value_changed);
}

TEST(Apply, OperatorThatFailsLeavesTheEntityAsItWas) {
  const Entity e = entity({attribute("a", "Text", "\"x\""), attribute("b", "Number", "1")});
  const Error error = refusal(
      &e, change(ChangeAction::update, {put("b", "Number", "2"), operate("a", UpdateOperator::increment, "1")}));
  EXPECT_EQ(error.code, ErrorCode::unprocessable);
  EXPECT_EQ(e.find("b")->value, "1");
}

TEST(Apply, CreateLeavesOutAttributesWithNothingToRemoveFrom) {
  const Applied a = must(nullptr, change(ChangeAction::create, {operate("gone", UpdateOperator::unset, R"({"x":1})"),
                                                                put("b", "Number", "3")}));
  ASSERT_EQ(a.after.attributes.size(), 1);
  EXPECT_EQ(a.altered.size(), 1);
}

}  // namespace
}  // namespace machi::broker

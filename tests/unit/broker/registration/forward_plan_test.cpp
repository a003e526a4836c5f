#include "broker/registration/forward_plan.h"

#include <gtest/gtest.h>

#include "broker/registration/build.h"

namespace machi::broker {
namespace {

using namespace testing;

constexpr Timestamp kNow{1'000'000};

std::vector<QueryForward> plan(const std::vector<Registration>& registrations, const ForwardQuestion& question,
                               const LocalEntities& local = {}) {
  return plan_query(registrations, question, local, kNow);
}

/// `id|idPattern:type|typePattern[attributes]` of each forward, as one line.
std::string text(const std::vector<QueryForward>& forwards) {
  std::string out;
  for (const auto& forward : forwards) {
    const auto& e = forward.entity;
    out += (out.empty() ? "" : " ") + forward.url + " " + e.id + "|" + e.id_pattern + ":" + e.type + "|" +
           e.type_pattern + "[";
    for (const auto& name : forward.attributes) out += name + ",";
    out += "]";
  }
  return out;
}

TEST(QueryPlan, AsksForTheIntersection) {
  const std::vector<Registration> any{provides("1", "a", {{"", "T"}}, {"A1"})};
  EXPECT_EQ(text(plan(any, question(selector({}, {"T"})))), "a |.*:T|[A1,]");
  EXPECT_EQ(text(plan(any, question(selector({"E1"}, {"T"})))), "a E1|:T|[A1,]");
  EXPECT_EQ(text(plan(any, question(selector({"E1", "E2"})))), "a E1|:T|[A1,] a E2|:T|[A1,]");
  EXPECT_EQ(text(plan(any, question(selector({}, {"U"})))), "");
  const std::vector<Registration> one{provides("1", "a", {{"E1", "T3"}})};
  EXPECT_EQ(text(plan(one, question(selector({}, {"T3"})))), "a E1|:T3|[]");
  EXPECT_EQ(text(plan(one, question(selector({"E1"})))), "a E1|:T3|[]");
  EXPECT_EQ(text(plan(one, question(selector({"E2"})))), "");
  EXPECT_EQ(text(plan(one, ForwardQuestion{})), "a E1|:T3|[]");
}

TEST(QueryPlan, RegistrationWithoutTypeTakesEveryType) {
  const std::vector<Registration> untyped{provides("1", "a", {{"E1", ""}})};
  EXPECT_EQ(text(plan(untyped, question(selector({"E1"})))), "a E1|:|[]");
  EXPECT_EQ(text(plan(untyped, question(selector({"E1"}, {"T"})))), "a E1|:T|[]");
}

TEST(QueryPlan, PatternsNarrowWhatIsAsked) {
  query::EntitySelector pattern;
  pattern.id_pattern = *query::parse_id_pattern("^E");
  pattern.type_pattern = *query::parse_type_pattern("^T");
  const std::vector<Registration> registrations{provides("1", "a", {{"E1", "T1"}}), provides("2", "b", {{"F1", "T1"}}),
                                                provides("3", "c", {{"", "T2"}}), provides("4", "d", {{"", ""}}),
                                                provides("5", "e", {{"", "U"}})};
  EXPECT_EQ(text(plan(registrations, question(pattern))), "a E1|:T1|[] c |^E:T2|[] d |^E:|^T[]");
}

TEST(QueryPlan, OnlyAttributesThatAreAskedForAndProvided) {
  const std::vector<Registration> registrations{provides("1", "a", {{"E", "T"}}, {"A", "B", "C"})};
  EXPECT_EQ(text(plan(registrations, question(selector({"E"}, {"T"}), {"A"}))), "a E|:T|[A,]");
  EXPECT_EQ(text(plan(registrations, question(selector({"E"}, {"T"}), {"Z"}))), "");
  EXPECT_EQ(text(plan(registrations, question(selector({"E"}, {"T"}), {"*", "dateCreated"}))), "a E|:T|[A,B,C,]");
  EXPECT_EQ(text(plan(registrations, question(selector({"E"}, {"T"}), {"dateCreated"}))), "");
  const std::vector<Registration> all{provides("1", "a", {{"E", "T"}})};
  EXPECT_EQ(text(plan(all, question(selector({"E"}, {"T"}), {"A", "dateModified"}))), "a E|:T|[A,]");
}

TEST(QueryPlan, WhatIsKnownLocallyIsNotAskedFor) {
  const std::vector<Registration> registrations{provides("1", "a", {{"E", "T"}}, {"A", "B"})};
  const LocalEntities local{.page = {entity("E", "T", {"A"})}, .total = 1};
  const auto forwards = plan(registrations, question(selector({"E"}, {"T"})), local);
  EXPECT_EQ(text(forwards), "a E|:T|[B,]");
  EXPECT_TRUE(forwards.at(0).completes);
  EXPECT_EQ(text(plan(registrations, question(selector({"E"}, {"T"}), {"A"}), local)), "");
  const LocalEntities other{.page = {entity("E", "U", {"A"})}, .total = 1};
  EXPECT_FALSE(plan(registrations, question(selector({"E"}, {"T"})), other).at(0).completes);
}

TEST(QueryPlan, FullPageAsksForNoNewEntities) {
  const std::vector<Registration> registrations{provides("1", "a", {{"", "T"}}, {"A"}),
                                                provides("2", "b", {{"E", "T"}}, {"B"}),
                                                provides("3", "c", {{"F", "T"}}, {"C"})};
  auto asked = question(selector({}, {"T"}));
  asked.limit = 1;
  EXPECT_EQ(text(plan(registrations, asked, {.page = {entity("E", "T")}, .total = 5})), "b E|:T|[B,]");
  asked.limit = 0;
  EXPECT_EQ(text(plan(registrations, asked)), "");
}

TEST(QueryPlan, OneForwardAProviderAndEntity) {
  const std::vector<Registration> registrations{provides("1", "a", {{"E", "T"}}, {"A"}),
                                                provides("2", "a", {{"E", "T"}}, {"B", "A"}),
                                                provides("3", "b", {{"E", "T"}}, {"C"})};
  const auto forwards = plan(registrations, question(selector({"E"}, {"T"})));
  EXPECT_EQ(text(forwards), "a E|:T|[A,B,] b E|:T|[C,]");
  EXPECT_EQ(forwards.at(0).registrations, (std::vector<std::string>{"1", "2"}));
}

TEST(QueryPlan, AllAttributesSwallowSome) {
  const std::vector<Registration> some_first{provides("1", "a", {{"E", "T"}}, {"A"}), provides("2", "a", {{"E", "T"}})};
  EXPECT_EQ(text(plan(some_first, question(selector({"E"}, {"T"})))), "a E|:T|[]");
  const std::vector<Registration> all_first{provides("1", "a", {{"E", "T"}}), provides("2", "a", {{"E", "T"}}, {"A"})};
  EXPECT_EQ(text(plan(all_first, question(selector({"E"}, {"T"})))), "a E|:T|[]");
}

TEST(QueryPlan, ModeStatusExpiryAndServicePathCount) {
  auto registration = provides("1", "a", {{"E", "T"}});
  const auto asked = question(selector({"E"}, {"T"}));
  const auto count = [&](const ForwardQuestion& q) { return plan({registration}, q).size(); };
  EXPECT_EQ(count(asked), 1U);
  registration.mode = ForwardingMode::update;
  EXPECT_EQ(count(asked), 0U);
  registration.mode = ForwardingMode::none;
  EXPECT_EQ(count(asked), 0U);
  registration.mode = ForwardingMode::query;
  EXPECT_EQ(count(asked), 1U);
  registration.active = false;
  EXPECT_EQ(count(asked), 0U);
  registration.active = true;
  registration.expires = kNow;
  EXPECT_EQ(count(asked), 0U);
  registration.expires = kNow + std::chrono::seconds(1);
  EXPECT_EQ(count(asked), 1U);
  registration.service_path = "/a/b";
  auto elsewhere = asked;
  elsewhere.scope.paths = {"/a"};
  EXPECT_EQ(count(elsewhere), 0U);
  elsewhere.scope.paths = {"/a/#"};
  EXPECT_EQ(count(elsewhere), 1U);
}

TEST(QueryPlan, ConcernsTellsWhetherThereIsSomethingToAsk) {
  const std::vector<Registration> registrations{provides("1", "a", {{"E", "T"}}, {"A"})};
  EXPECT_TRUE(concerns_query(registrations, question(selector({"E"})), kNow));
  EXPECT_TRUE(concerns_query(registrations, ForwardQuestion{}, kNow));
  EXPECT_FALSE(concerns_query(registrations, question(selector({"F"})), kNow));
  EXPECT_FALSE(concerns_query(registrations, question(selector({"E"}), {"B"}), kNow));
}

/// `url(id:type[attributes])` of each forward, then what is unserved.
std::string text(const UpdatePlan& plan) {
  const auto entities = [](const std::vector<UnmetUpdate>& list) {
    std::string out;
    for (const auto& entity : list) {
      out += entity.id + ":" + entity.type + "[";
      for (const auto& attribute : entity.attributes) out += attribute.name + ",";
      out += "]";
    }
    return out;
  };
  std::string out;
  for (const auto& forward : plan.forwards) out += forward.url + "(" + entities(forward.entities) + ") ";
  return out + "- " + entities(plan.unserved);
}

TEST(UpdatePlan, EachAttributeGoesToItsProvider) {
  auto query_only = provides("4", "d", {{"E1", "T1"}}, {"A4"});
  query_only.mode = ForwardingMode::query;
  const std::vector<Registration> registrations{provides("1", "a", {{"E1", "T1"}}, {"A1"}),
                                                provides("2", "b", {{"E1", "T1"}}, {"A2", "A3"}), query_only};
  EXPECT_EQ(text(plan_update(registrations, "/", {unmet("E1", "T1", {"A1", "A2", "A3", "A4"})}, kNow)),
            "a(E1:T1[A1,]) b(E1:T1[A2,A3,]) - E1:T1[A4,]");
}

TEST(UpdatePlan, EntitiesOfOneProviderTravelTogether) {
  const std::vector<Registration> registrations{provides("1", "a", {{"", "T"}})};
  EXPECT_EQ(text(plan_update(registrations, "/", {unmet("E1", "T", {"A"}), unmet("E2", "T", {"B"})}, kNow)),
            "a(E1:T[A,]E2:T[B,]) - ");
}

TEST(UpdatePlan, ProviderOfTheAttributeComesBeforeProviderOfTheEntity) {
  const std::vector<Registration> registrations{provides("1", "all", {{"E", "T"}}),
                                                provides("2", "one", {{"E", "T"}}, {"A"})};
  EXPECT_EQ(text(plan_update(registrations, "/", {unmet("E", "T", {"A", "B"})}, kNow)), "one(E:T[A,]) all(E:T[B,]) - ");
}

TEST(UpdatePlan, WithoutTypeOnlyRegistrationsWithoutType) {
  const std::vector<Registration> typed{provides("1", "a", {{"E", "T"}})};
  EXPECT_EQ(text(plan_update(typed, "/", {unmet("E", "", {"A"})}, kNow)), "- E:[A,]");
  const std::vector<Registration> untyped{provides("1", "a", {{"E", ""}})};
  EXPECT_EQ(text(plan_update(untyped, "/", {unmet("E", "", {"A"})}, kNow)), "a(E:[A,]) - ");
  EXPECT_EQ(text(plan_update(untyped, "/", {unmet("E", "T", {"A"})}, kNow)), "a(E:T[A,]) - ");
}

TEST(UpdatePlan, OtherServicePathsDoNotServe) {
  const std::vector<Registration> registrations{provides("1", "a", {{"E", "T"}})};
  EXPECT_EQ(text(plan_update(registrations, "/b", {unmet("E", "T", {"A"})}, kNow)), "- E:T[A,]");
}

}  // namespace
}  // namespace machi::broker

#include "broker/registration/forward_merge.h"

#include <gtest/gtest.h>

#include "broker/registration/build.h"

namespace machi::broker {
namespace {

using namespace testing;

QueryForward forward_of(ForwardedEntity entity, std::vector<std::string> attributes = {}, bool completes = false) {
  QueryForward out;
  out.entity = std::move(entity);
  out.attributes = std::move(attributes);
  out.completes = completes;
  return out;
}

ProvidedEntities answer(std::vector<Entity> entities) {
  ProvidedEntities out;
  out.total = static_cast<std::int64_t>(entities.size());
  out.entities = std::move(entities);
  return out;
}

std::vector<Entity> numbered(const std::string& letter, int count) {
  std::vector<Entity> out;
  for (int i = 1; i <= count; ++i) out.push_back(entity(letter + std::to_string(i), "T"));
  return out;
}

/// `id[attributes]` of each entity, then the total.
std::string text(const LocalEntities& result) {
  std::string out;
  for (const auto& e : result.page) {
    out += e.id;
    if (!e.attributes.empty()) out += "[";
    for (const auto& attribute : e.attributes) out += attribute.name + "=" + attribute.value;
    if (!e.attributes.empty()) out += "]";
    out += " ";
  }
  return out + "of " + std::to_string(result.total);
}

TEST(Merge, LocalFirstThenProvidersInOrder) {
  const std::vector<QueryForward> forwards{forward_of({.id_pattern = ".*"}), forward_of({.id_pattern = ".*"})};
  EXPECT_EQ(text(merge_answers({numbered("A", 1), 1}, question(selector({}, {"T"})), forwards,
                               {answer(numbered("B", 2)), answer(numbered("C", 1))})),
            "A1 B1 B2 C1 of 4");
}

TEST(Merge, OneEntityFromSeveralProviders) {
  const std::vector<QueryForward> forwards{forward_of({.id = "E"}, {"A"}), forward_of({.id = "E"}, {"B"})};
  EXPECT_EQ(text(merge_answers({}, question(selector({"E"})), forwards,
                               {answer({entity("E", "T", {"A"})}), answer({entity("E", "T", {"B", "A"})})})),
            R"(E[A="A"B="B"] of 2)");
}

TEST(Merge, LocalAttributesStay) {
  auto remote = entity("E", "T", {"A", "B"});
  remote.attributes[0].value = "\"remote\"";
  const std::vector<QueryForward> forwards{forward_of({.id = "E"}, {}, true)};
  EXPECT_EQ(text(merge_answers({{entity("E", "T", {"A"})}, 1}, question(selector({"E"})), forwards,
                               {answer({remote, entity("F", "T")})})),
            R"(E[A="A"B="B"] of 1)");
}

TEST(Merge, WhatWasNotAskedForIsDropped) {
  const std::vector<QueryForward> forwards{forward_of({.id_pattern = ".*", .type = "T"}, {"A"})};
  EXPECT_EQ(text(merge_answers({}, question(selector({}, {"T"})), forwards,
                               {answer({entity("E", "T", {"A", "B"}), entity("F", "U", {"A"})})})),
            R"(E[A="A"] of 1)");
}

TEST(Merge, FailedProviderLeavesItsPartOut) {
  const std::vector<QueryForward> forwards{forward_of({.id_pattern = ".*"}), forward_of({.id_pattern = ".*"})};
  EXPECT_EQ(text(merge_answers({}, ForwardQuestion{}, forwards, {std::nullopt, answer(numbered("C", 1))})), "C1 of 1");
}

/// Five local entities, ten of each of two providers: the answer for limit and offset.
std::string page(int limit, int offset) {
  auto asked = question(selector({}, {"T"}));
  asked.limit = limit;
  asked.offset = offset;
  LocalEntities local{.total = 5};
  for (const auto& e : numbered("A", 5)) {
    const int position = std::stoi(e.id.substr(1)) - 1;
    if (position >= offset && position < offset + limit) local.page.push_back(e);
  }
  const std::vector<QueryForward> forwards{forward_of({.id_pattern = ".*"}), forward_of({.id_pattern = ".*"})};
  return text(merge_answers(local, asked, forwards, {answer(numbered("B", 10)), answer(numbered("C", 10))}));
}

TEST(Merge, PagesRunThroughLocalEntitiesAndAllProviders) {
  EXPECT_EQ(page(8, 0), "A1 A2 A3 A4 A5 B1 B2 B3 of 25");
  EXPECT_EQ(page(4, 3), "A4 A5 B1 B2 of 25");
  EXPECT_EQ(page(4, 5), "B1 B2 B3 B4 of 25");
  EXPECT_EQ(page(4, 13), "B9 B10 C1 C2 of 25");
  EXPECT_EQ(page(4, 23), "C9 C10 of 25");
  EXPECT_EQ(page(4, 30), "of 25");
}

TEST(Merge, SliceThatStartsLaterIsCutFromThere) {
  auto asked = question(selector({}, {"T"}));
  asked.limit = 2;
  asked.offset = 3;
  auto late = answer({entity("B4", "T"), entity("B5", "T")});
  late.total = 10;
  late.offset = 3;
  EXPECT_EQ(text(merge_answers({}, asked, {forward_of({.id_pattern = ".*"})}, {late})), "B4 B5 of 10");
}

UpdatePlan plan_of(std::vector<UnmetUpdate> forwarded, std::vector<UnmetUpdate> unserved = {}) {
  UpdatePlan out;
  for (auto& entity : forwarded) {
    UpdateForward forward;
    forward.entities = {std::move(entity)};
    out.forwards.push_back(std::move(forward));
  }
  out.unserved = std::move(unserved);
  return out;
}

TEST(UpdateVerdict, DoneWhenEveryProviderTookItsPart) {
  const auto verdict = judge_update(plan_of({unmet("E1", "T1", {"A1"}), unmet("E1", "T1", {"A2"})}), {{}, {}});
  EXPECT_EQ(verdict.kind, UpdateVerdict::Kind::done);
}

TEST(UpdateVerdict, PartialNamesWhatFailed) {
  const auto plan = plan_of({unmet("E1", "T1", {"A1"}), unmet("E1", "T1", {"A3"}), unmet("E2", "T2", {"B"})},
                            {unmet("E1", "T1", {"A2", "A4"})});
  const auto verdict = judge_update(plan, {{}, {{"E1", "T1", {"A3"}}}, {{"E2", "T2", {"B"}}}});
  EXPECT_EQ(verdict.kind, UpdateVerdict::Kind::partial);
  EXPECT_EQ(verdict.description,
            "Some of the following attributes were not updated: { E1-T1 : [A2, A4, A3], E2-T2 : [B] }");
}

TEST(UpdateVerdict, NotFoundWhenNothingWasUpdated) {
  const auto plan = plan_of({unmet("E1", "T1", {"A1"})}, {unmet("E1", "T1", {"A2"})});
  const auto verdict = judge_update(plan, {{{"E1", "T1", {"A1"}}}});
  EXPECT_EQ(verdict.kind, UpdateVerdict::Kind::not_found);
  EXPECT_EQ(verdict.description, "The requested entity has not been found. Check type and id");
}

TEST(UpdateVerdict, LocalUpdatesCount) {
  auto plan = plan_of({unmet("E1", "T1", {"A1"})});
  plan.applied_some = true;
  EXPECT_EQ(judge_update(plan, {{{"E1", "T1", {"A1"}}}}).kind, UpdateVerdict::Kind::partial);
}

}  // namespace
}  // namespace machi::broker

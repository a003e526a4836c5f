#include "broker/query/refinement.h"

#include <gtest/gtest.h>

#include "broker/query/build.h"

namespace machi::broker::query {
namespace {

Refinement refinement(Query query) {
  query.selectors.push_back({.id_pattern = *parse_id_pattern("(?i)^E1")});
  auto made = Refinement::create(std::move(query));
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(Refinement, PagesWhatThePatternAdmits) {
  Refinement r = refinement({.limit = 2, .offset = 1});
  Entity match = entity({});
  Entity other = entity({});
  other.id = "X";
  EXPECT_FALSE(r.admit(match));  // the offset
  EXPECT_FALSE(r.admit(other));
  EXPECT_TRUE(r.admit(match));
  EXPECT_FALSE(r.is_done());
  EXPECT_TRUE(r.admit(match));
  EXPECT_FALSE(r.admit(match));
  EXPECT_TRUE(r.is_done());
}

TEST(Refinement, GoesOnToTheEndToCount) {
  Refinement r = refinement({.limit = 1, .count = true});
  EXPECT_TRUE(r.admit(entity({})));
  EXPECT_FALSE(r.admit(entity({})));
  EXPECT_FALSE(r.is_done());
  r.end_chunk(2);
  EXPECT_TRUE(r.is_done());
  EXPECT_EQ(r.total(), 2);
}

TEST(Refinement, AsksForTheNextChunkInTheSameOrder) {
  Refinement r = refinement({.limit = 20, .offset = 40});
  EXPECT_EQ(r.next_chunk().offset, 0);
  r.end_chunk(Refinement::kChunk);
  EXPECT_EQ(r.next_chunk().offset, Refinement::kChunk);
  EXPECT_EQ(r.next_chunk().limit, Refinement::kChunk);
}

TEST(Refinement, IsExhaustedRatherThanDoneWhenThereAreTooManyCandidates) {
  Refinement r = refinement({});
  for (int i = 0; i < Refinement::kMaxCandidates / Refinement::kChunk; ++i) {
    EXPECT_FALSE(r.is_exhausted());
    r.end_chunk(Refinement::kChunk);
  }
  EXPECT_TRUE(r.is_exhausted());
  EXPECT_FALSE(r.is_done());
}

}  // namespace
}  // namespace machi::broker::query

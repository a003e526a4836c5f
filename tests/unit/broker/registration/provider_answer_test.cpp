#include "broker/registration/provider_answer.h"

#include <gtest/gtest.h>

#include "broker/registration/build.h"

namespace machi::broker {
namespace {

net::ClientResponse response(int status, std::string body) {
  net::ClientResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

Result<ProvidedEntities> read(std::string body, bool legacy = false) {
  return read_query_answer(response(200, std::move(body)), legacy);
}

TEST(ProviderAnswer, EntitiesInNormalizedForm) {
  const auto answer = read(
      R"([{"id":"E1","type":"T1","A1":{"value":23.50,"metadata":{"unit":{"value":"C","type":"Text"}}}},{"id":"E2"}])");
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->entities.size(), 2U);
  EXPECT_EQ(answer->total, 2);
  const auto& first = answer->entities[0];
  EXPECT_EQ(first.id, "E1");
  EXPECT_EQ(first.type, "T1");
  ASSERT_EQ(first.attributes.size(), 1U);
  EXPECT_EQ(first.attributes[0].type, "Number");
  EXPECT_EQ(first.attributes[0].value, "23.5");
  EXPECT_EQ(first.attributes[0].metadata, (std::vector<Metadata>{{"unit", "Text", "\"C\""}}));
}

TEST(ProviderAnswer, TotalCountOfTheProviderCounts) {
  auto answer = response(200, R"([{"id":"E1","type":"T"}])");
  answer.headers.add("fiware-total-count", "250");
  EXPECT_EQ(read_query_answer(answer, false)->total, 250);
  answer.headers.set("fiware-total-count", "many");
  EXPECT_EQ(read_query_answer(answer, false)->total, 1);
}

TEST(ProviderAnswer, NotFoundIsNoFailure) {
  const auto answer = read_query_answer(response(404, "whatever"), false);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->entities.empty());
}

class BrokenAnswer : public ::testing::TestWithParam<const char*> {};
TEST_P(BrokenAnswer, IsAFailureOfTheProvider) {
  for (const bool legacy : {false, true}) {
    const auto answer = read(GetParam(), legacy);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::bad_gateway);
  }
}
INSTANTIATE_TEST_SUITE_P(ProviderAnswer, BrokenAnswer,
                         ::testing::Values("", "not JSON", "{}", "7", R"([7])", R"([{"type":"T"}])",
                                           R"([{"id":"E1","A":7}])", R"({"contextResponses":[{}]})",
                                           R"({"errorCode":{"code":"500"}})"));

TEST(ProviderAnswer, OtherStatusIsAFailure) {
  EXPECT_FALSE(read_query_answer(response(500, "[]"), false));
  EXPECT_FALSE(read_query_answer(response(302, "[]"), false));
}

TEST(ProviderAnswer, LegacyEntities) {
  const auto answer = read(
      R"({"contextResponses":[{"contextElement":{"type":"Room","isPattern":"false","id":"R1","attributes":[
          {"name":"temperature","type":"degree","value":"14","metadatas":[{"name":"ID","type":"Text","value":"x"}]}]},
          "statusCode":{"code":"200","reasonPhrase":"OK"}},
          {"contextElement":{"type":"Room","id":"R2"},"statusCode":{"code":404}}]})",
      true);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->entities.size(), 1U);
  EXPECT_EQ(answer->entities[0].id, "R1");
  ASSERT_EQ(answer->entities[0].attributes.size(), 1U);
  EXPECT_EQ(answer->entities[0].attributes[0].value, "\"14\"");
  EXPECT_EQ(answer->entities[0].attributes[0].metadata, (std::vector<Metadata>{{"ID", "Text", "\"x\""}}));
}

TEST(ProviderAnswer, LegacyNotFound) {
  const auto answer = read(R"({"errorCode":{"code":"404","reasonPhrase":"No context element found"}})", true);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->entities.empty());
}

UpdateForward forward(bool legacy) {
  UpdateForward out;
  out.legacy = legacy;
  out.entities = {testing::unmet("E1", "T1", {"A1", "A2"})};
  return out;
}

TEST(ProviderAnswer, UpdateIsToldByItsStatus) {
  EXPECT_TRUE(read_update_answer(response(204, ""), forward(false))->empty());
  for (const int status : {404, 422}) {
    const auto untaken = read_update_answer(response(status, "{}"), forward(false));
    ASSERT_TRUE(untaken);
    ASSERT_EQ(untaken->size(), 1U);
    EXPECT_EQ(untaken->at(0).attributes, (std::vector<std::string>{"A1", "A2"}));
  }
  EXPECT_FALSE(read_update_answer(response(200, ""), forward(false)));
  EXPECT_FALSE(read_update_answer(response(500, ""), forward(false)));
}

TEST(ProviderAnswer, LegacyUpdateTellsEntityByEntity) {
  const auto untaken = read_update_answer(response(200, R"({"contextResponses":[
        {"contextElement":{"id":"E1","type":"T1","attributes":[{"name":"A1","type":"","value":""}]},"statusCode":{"code":"200"}},
        {"contextElement":{"id":"E1","type":"T1","attributes":[{"name":"A2","type":"","value":""}]},"statusCode":{"code":"404"}}]})"),
                                          forward(true));
  ASSERT_TRUE(untaken) << untaken.error().message;
  ASSERT_EQ(untaken->size(), 1U);
  EXPECT_EQ(untaken->at(0).attributes, std::vector<std::string>{"A2"});
  EXPECT_FALSE(read_update_answer(response(200, ""), forward(true)));
}

}  // namespace
}  // namespace machi::broker

#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/json_writer.h"

namespace machi {
namespace {

TEST(Json, DumpKeepsMembersInTheOrderInWhichTheyCame) {
  const auto json = Json::parse(R"({"b":1,"a":[true,null,"x\n"],"c":{"z":1.5}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"b":1,"a":[true,null,"x\n"],"c":{"z":1.5}})");
}

TEST(Json, EqualityIgnoresTheOrderOfMembersAndTheFormOfNumbers) {
  EXPECT_TRUE(json_equal(R"({"a":1,"b":[2]})", R"({"b":[2.0],"a":1.0})"));
  EXPECT_FALSE(json_equal(R"({"a":1})", R"({"a":1,"b":null})"));
  EXPECT_FALSE(json_equal("[1,2]", "[2,1]"));
}

TEST(Json, ParseRefusesWhatIsNotJson) {
  for (const char* text :
       {"", "{", "[1,]", "01", "\"\x01\"", "{\"a\":1}x", "nul", "18446744073709551616000", "\"\xff\""}) {
    const auto json = Json::parse(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, ErrorCode::parse_error);
  }
}

TEST(Json, ParseRefusesNestingBeyondTheLimit) {
  const std::string deep = std::string(Json::kMaxDepth + 1, '[') + std::string(Json::kMaxDepth + 1, ']');
  EXPECT_FALSE(Json::parse(deep));
  const std::string allowed = std::string(Json::kMaxDepth - 1, '[') + std::string(Json::kMaxDepth - 1, ']');
  EXPECT_TRUE(Json::parse(allowed));
}

TEST(Json, DuplicateKeyNamesTheFirstOneAtAnyDepth) {
  EXPECT_EQ(Json::parse(R"({"a":[{"x":1,"x":2}]})")->duplicate_key(), "x");
  EXPECT_EQ(Json::parse(R"({"a":{"x":1},"b":{"x":2}})")->duplicate_key(), "");
}

TEST(Json, ManyMembersAreComparedInSortedOrderAndCheckedOnce) {
  Json::Object forth;
  for (int i = 0; i < 200'000; ++i) forth.emplace_back("member" + std::to_string(i), Json(std::int64_t{i}));
  Json::Object back(forth.rbegin(), forth.rend());
  EXPECT_EQ(Json(forth), Json(back));
  EXPECT_EQ(Json(forth).duplicate_key(), "");
  back.back().second = Json(std::int64_t{-1});
  EXPECT_NE(Json(forth), Json(back));
  forth.push_back(forth.front());
  EXPECT_EQ(Json(forth).duplicate_key(), "member0");
}

TEST(JsonWriter, WritesNumbersShortestAndReadsThemBack) {
  const auto text = [](double v) {
    std::string out;
    JsonWriter::append_number(out, v);
    return out;
  };
  EXPECT_EQ(text(23.0), "23");
  EXPECT_EQ(text(-0.5), "-0.5");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(text(18446744073709551616.0), "1.8446744073709552e+19");
  for (const double v : {1.7976931348623157e308, 9.2233720368547758e18, -9.2233720368547758e18, 9.2233720368547748e18,
                         1.8446744073709552e19, 2.844228228428284e+20, -2.8e19, 1e15, 1e16, 1e17, 1e18, 5e-324}) {
    const auto back = Json::parse(text(v));
    ASSERT_TRUE(back) << text(v);
    EXPECT_EQ(back->as_number(), v) << text(v);
  }
}

TEST(JsonWriter, InsertsCommasAndEscapes) {
  std::string out = "prefix";
  JsonWriter json(out);
  json.begin_object()
      .key("a\"")
      .string("\x01\t")
      .key("b")
      .begin_array()
      .integer(1)
      .boolean(false)
      .null()
      .end_array()
      .end_object();
  EXPECT_EQ(out, R"(prefix{"a\"":"\u0001\t","b":[1,false,null]})");
}

}  // namespace
}  // namespace machi

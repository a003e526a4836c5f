#include "broker/query/regex.h"

#include <gtest/gtest.h>

namespace machi::broker::query {
namespace {

bool found(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex) << pattern;
  return regex && (*regex)->found_in(text);
}

TEST(Regex, IsSearchedForAnywhere) {
  EXPECT_TRUE(found("E(1|2)", "xE2y"));
  EXPECT_FALSE(found("^E$", "xE"));
  EXPECT_TRUE(found("(patata[1|2])", "patata|"));
  EXPECT_TRUE(found("a.b", "a\nb"));
  EXPECT_FALSE(found("a$", "a\n"));
}

TEST(Regex, RefusesWhatIsNotRegular) {
  for (const auto pattern : {"*", "^(?!avoid).*", "[.*", "(", R"((a)\1)", "a{1,2000}"}) {
    const auto id = parse_id_pattern(pattern);
    ASSERT_FALSE(id) << pattern;
    EXPECT_EQ(id.error().message, "Invalid regex for entity idPattern");
    EXPECT_EQ(parse_type_pattern(pattern).error().message, "Invalid regex for entity typePattern");
  }
  EXPECT_FALSE(Regex::compile(std::string(Regex::kMaxPatternBytes + 1, 'a')));
  EXPECT_FALSE(Regex::compile("((((a{100}){100}){100}){100})"));
}

TEST(Regex, TakesPosixSubstitutesForLookAround) {
  const std::string not_weather =
      "^(([^\nW].{14}|.[^\ne].{13}|.{2}[^\na].{12}|.{3}[^\nt].{11}|.{4}[^\nh].{10}|.{5}[^\ne].{9}|.{6}[^\nr].{8}|.{7}[^"
      "\nO].{7}|.{8}[^\nb].{6}|.{9}[^\ns].{5}|.{10}[^\ne].{4}|.{11}[^\nr].{3}|.{12}[^\ntv].{2}|.{13}[^\ne].|.{14}[^\nd"
      "]).*|.{0,14})$";
  EXPECT_TRUE(found(not_weather, "foo:text"));
  EXPECT_FALSE(found(not_weather, "WeatherObserved:foo"));
}

TEST(RegexSql, RewritesTheCommonSubset) {
  const auto sql = [](std::string_view pattern) { return to_postgresql_regex(pattern).value_or("none"); };
  EXPECT_EQ(sql("^urn:.*:\\d{2}$"), "^urn:.*:[0-9]{2}$");
  EXPECT_EQ(sql("E(1|2)"), "E(?:1|2)");
  EXPECT_EQ(sql("a*?b+?"), "a*b+");
  EXPECT_EQ(sql("[]a-z_]"), "[\\]a-z\\_]");
  EXPECT_EQ(sql("[[:alpha:]]"), "[[:alpha:]]");
  EXPECT_EQ(sql("x{,3}"), "x\\{,3\\}");
  EXPECT_EQ(sql("a\\.b"), "a\\.b");
  EXPECT_EQ(sql("駅.*前"), "駅.*前");
}

TEST(RegexSql, GivesUpOnTheRest) {
  for (const auto pattern : {"(?i)a", "\\bfoo", "\\pL", "a||b", "()", "^*", "a{256}", "[[.a.]]", "\\x41", "(?P<n>a)",
                             "[\\D]", "\\Qa\\E", "[[:word:]]"}) {
    EXPECT_FALSE(to_postgresql_regex(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace machi::broker::query

#include "broker/subscription/text_template.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

Json context() {
  return *Json::parse(R"({"A":1,"B":"b","n":null,"o":{"x":[1,"y"]},"t":true})");
}

std::string fill(std::string_view text, std::string_view null_text = "null") {
  const auto parsed = TextTemplate::parse(text);
  const Json object = context();
  return parsed ? parsed->fill(JsonScope(object), Timestamp{}, null_text).value_or("(too long)") : "(open)";
}

std::string value(std::string_view text) {
  const auto parsed = TextTemplate::parse(text);
  const Json object = context();
  return parsed ? parsed->value(JsonScope(object), Timestamp{}).dump() : "(open)";
}

TEST(TextTemplate, FillsMacrosAsText) {
  EXPECT_EQ(fill("a ${A} ${B}${t} ${o}"), R"(a 1 btrue {"x":[1,"y"]})");
  EXPECT_EQ(fill("no macro $ {A} }"), "no macro $ {A} }");
  EXPECT_EQ(fill("${n}|${missing}|${A|unknown}", "-"), "-|-|-");
}

TEST(TextTemplate, ASingleMacroKeepsItsKind) {
  EXPECT_EQ(value("${A}"), "1");
  EXPECT_EQ(value("${o.x}"), R"([1,"y"])");
  EXPECT_EQ(value("${missing}"), "null");
  EXPECT_EQ(value("x${A}"), R"("x1")");
  EXPECT_EQ(value("${A}${A}"), R"("11")");
  EXPECT_EQ(value("X:${A|patata}:Y"), R"("X:null:Y")");
  EXPECT_EQ(value(""), R"("")");
}

TEST(TextTemplate, AMacroInsideAMacroEndsAtTheFirstBrace) {
  EXPECT_EQ(value("${${B}}"), R"("null}")");
}

TEST(TextTemplate, BracesAndQuotesBelongToTheExpression) {
  EXPECT_EQ(value("${{a:A+1, b:{c:B}}}"), R"({"a":2,"b":{"c":"b"}})");
  EXPECT_EQ(value("${B+'}'}"), R"("b}")");
}

TEST(TextTemplate, BrokenExpressionsEndAtTheNextBrace) {
  EXPECT_EQ(value("${B|includes('foo)|toString}"), "null");
  EXPECT_EQ(value("${{A}"), "null");
  EXPECT_EQ(fill("${A"), "(open)");
}

TEST(TextTemplate, FillsStringsInsideJsonButNotNames) {
  const Json object = context();
  const auto json = *Json::parse(R"({"${A}":"${A}","l":["${B}","x ${A}",4,null,{"d":"${missing}"}],"open":"${A"})");
  EXPECT_EQ(JsonTemplate(json).fill(JsonScope(object), Timestamp{}).dump(),
            R"({"${A}":1,"l":["b","x 1",4,null,{"d":null}],"open":"${A"})");
}

TEST(TextTemplate, JsonWithoutMacrosStaysAsItIs) {
  const Json object = context();
  for (const std::string_view text : {R"({"a":{},"b":[],"c":[[],{"d":"x$"}]})", "[]", "{}", "null", R"("${")"}) {
    EXPECT_EQ(JsonTemplate(*Json::parse(text)).fill(JsonScope(object), Timestamp{}).dump(), text);
  }
}

TEST(TextTemplate, LengthIsBounded) {
  Json big{Json::Object{}};
  big.set("x", std::string(1 << 20, 'x'));
  std::string text;
  for (int i = 0; i < 9; ++i) text += "${x}";
  EXPECT_FALSE(TextTemplate::parse(text)->fill(JsonScope(big), Timestamp{}, "null"));
}

}  // namespace
}  // namespace machi::broker

#include "broker/expression/expression.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

// 2024-08-01T09:31:02.5Z
constexpr Timestamp kNow{1722504662500000};

Json context(std::string_view text) {
  return *Json::parse(text);
}

std::string eval(std::string_view expression, std::string_view json = "{}") {
  const Json object = context(json);
  return evaluate_expression(expression, JsonScope(object), kNow).dump();
}

TEST(Expression, ArithmeticFollowsPrecedenceFromLeftToRight) {
  EXPECT_EQ(eval("2 + 3 * 4"), "14");
  EXPECT_EQ(eval("(2 + 3) * 4"), "20");
  EXPECT_EQ(eval("10 - 2 - 3"), "5");
  EXPECT_EQ(eval("7 // 2 + 7 % 4 + 2 ^ 3"), "14");
  EXPECT_EQ(eval("8 / 4 / 2"), "1");
  EXPECT_EQ(eval(".5 + 1.25"), "1.75");
}

TEST(Expression, ComputedNumbersHaveNineDecimalsAndPassedOnesAreUntouched) {
  EXPECT_EQ(eval("A+B", R"({"A":2.1,"B":-3.8})"), "-1.7");
  EXPECT_EQ(eval("A*B", R"({"A":2.1,"B":-3.8})"), "-7.98");
  EXPECT_EQ(eval("0.1+0.2"), "0.3");
  EXPECT_EQ(eval("A", R"({"A":35.123456789012345})"), "35.123456789012344");
  EXPECT_EQ(eval("{a: A, b: 1/3}", R"({"A":35.123456789012345})"), R"({"a":35.123456789012344,"b":0.333333333})");
  EXPECT_EQ(eval("1/10000000"), "1e-07");
}

TEST(Expression, DivisionByZeroIsNull) {
  EXPECT_EQ(eval("1/0"), "null");
  EXPECT_EQ(eval("0/0"), "null");
}

TEST(Expression, ComparesNumbersAndStrings) {
  EXPECT_EQ(eval("2 > 1 && 'b' > 'a'"), "true");
  EXPECT_EQ(eval("2 <= 1"), "false");
  EXPECT_EQ(eval("1 == 1.0"), "true");
  EXPECT_EQ(eval("1 == '1'"), "false");
  EXPECT_EQ(eval("[1,2] == [1,2]"), "true");
  EXPECT_EQ(eval("true != false"), "true");
  EXPECT_EQ(eval("null == null"), "true");
  EXPECT_EQ(eval("1 < 'a'"), "null");
  EXPECT_EQ(eval("1 + 'a'"), "null");
}

TEST(Expression, InLooksIntoStringsArraysAndKeys) {
  EXPECT_EQ(eval("'ba' in 'foobar'"), "true");
  EXPECT_EQ(eval("2 in [1,2]"), "true");
  EXPECT_EQ(eval("'x' in {x: 1}"), "true");
  EXPECT_EQ(eval("'y' in {x: 1}"), "false");
}

TEST(Expression, ConditionalIsLoosestAndNests) {
  EXPECT_EQ(eval("value>max?'nok':'ok'", R"({"value":75,"max":50})"), "\"nok\"");
  EXPECT_EQ(eval("(value>max)?'nok':'ok'", R"({"value":14,"max":50})"), "\"ok\"");
  constexpr auto spots = "(inactive==true)?(0-1) : ((status == 'noData')?(0-2) : spots)";
  EXPECT_EQ(eval(spots, R"({"inactive":true,"status":"noData","spots":2344})"), "-1");
  EXPECT_EQ(eval(spots, R"({"inactive":false,"status":"noData","spots":2344})"), "-2");
  EXPECT_EQ(eval(spots, R"({"inactive":false,"status":"ok","spots":2344})"), "2344");
}

TEST(Expression, MissingIdentifierFailsTheWholeExceptLeftOfOr) {
  EXPECT_EQ(eval("A+1"), "null");
  EXPECT_EQ(eval("A||0"), "0");
  EXPECT_EQ(eval("A||0-1"), "-1");
  EXPECT_EQ(eval("A||('-1'|parseInt)"), "-1");
  EXPECT_EQ(eval("(A==null)?'is null':A"), "null");
  EXPECT_EQ(eval("A != null ? 1: 0"), "0");
  EXPECT_EQ(eval("(A||0-1)+(B||0-2)", R"({"B":1})"), "0");
}

TEST(Expression, NullIsAValue) {
  EXPECT_EQ(eval("(A==null)?'is null':A", R"({"A":null})"), "\"is null\"");
  EXPECT_EQ(eval("A||'invalid'", R"({"A":null})"), "\"invalid\"");
  EXPECT_EQ(eval("A+1", R"({"A":null})"), "null");
}

TEST(Expression, SyntaxErrorsAreNull) {
  for (const char* text : {"",
                           "A[0|includes('foo')|toString|uppercase",
                           "A[0]|includes('foo)|toString",
                           "A:B",
                           "!A",
                           "A||-1",
                           "A == 1 &&",
                           "A B",
                           "(A",
                           "A)",
                           "{a}",
                           "{1:2}",
                           "a ? b",
                           "a.",
                           "a.'b'",
                           "1 = 1",
                           "a & b",
                           "x|",
                           "in",
                           "[1,,2]",
                           "'it\\'s",
                           "#"}) {
    EXPECT_EQ(eval(text, R"({"A":["foobar"],"a":1,"b":2,"B":1,"x":1})"), "null") << text;
  }
}

TEST(Expression, UnknownTransformIsNull) {
  EXPECT_EQ(eval("A|patata", R"({"A":1})"), "null");
  EXPECT_EQ(eval("(A|patatacase)==3", R"({"A":3})"), "null");
}

TEST(Expression, WalksThroughObjectsAndArrays) {
  EXPECT_EQ(eval("A[0] + A[1].A1 + B.B1[2].C", R"({"A":[10,{"A1":20}],"B":{"B1":[11,22,{"C":30}]}})"), "60");
  EXPECT_EQ(eval("A['x y']", R"({"A":{"x y":1}})"), "1");
  EXPECT_EQ(eval("A.b.c", R"({"A":1})"), "null");
  EXPECT_EQ(eval("A[5]", R"({"A":[1]})"), "null");
  EXPECT_EQ(eval("A[0-1]", R"({"A":[1]})"), "null");
  EXPECT_EQ(eval("A[true]", R"({"A":[1]})"), "null");
  EXPECT_EQ(eval("[1,2,3][1]"), "2");
}

TEST(Expression, FiltersArraysByAMember) {
  EXPECT_EQ(eval("a[.b<5]", R"({"a":[{"b":1},{"b":34},{"b":4}]})"), R"([{"b":1},{"b":4}])");
  EXPECT_EQ(eval("a[.b<5]", R"({"a":[{"c":1},{"b":-1},{"b":2}]})"), R"([{"b":-1},{"b":2}])");
  EXPECT_EQ(eval("a[.b<5]", R"({"a":[{"b":-1},{"b":"foo"}]})"), R"([{"b":-1}])");
  EXPECT_EQ(eval("a[.b == 20][0].d", R"({"a":[{"b":-1,"c":1},{"b":20,"d":3}]})"), "3");
  EXPECT_EQ(eval("a[.b<5]", R"({"a":{"b":1}})"), "null");
}

TEST(Expression, BuildsObjectsAndArrays) {
  EXPECT_EQ(eval("{count:count.count+1, sum:count.sum+((speed|split(' '))[0]|parseInt)}",
                 R"({"count":{"count":5,"sum":100},"speed":"10 m/s"})"),
            R"({"count":6,"sum":110})");
  EXPECT_EQ(eval("['a', {'b c': [1,],},]"), R"(["a",{"b c":[1]}])");
  EXPECT_EQ(eval("{a: 1, a: 2}"), "null");
}

TEST(Expression, TransformsBindTighterThanOperatorsAndChain) {
  EXPECT_EQ(eval("'a' + 'b'|uppercase"), "\"aB\"");
  EXPECT_EQ(eval("A[0]|includes('foo')|toString|uppercase", R"({"A":["foobar"]})"), "\"TRUE\"");
  EXPECT_EQ(eval("A+(3|toString)", R"({"A":"NA"})"), "\"NA3\"");
}

TEST(Expression, TransformsInTestsOfConditions) {
  EXPECT_EQ(eval("(A|isNaN) && (B|isNaN)", R"({"A":"foo","B":"bar"})"), "true");
  EXPECT_EQ(eval("(A|isNaN) && (B|isNaN)", R"({"A":1,"B":"bar"})"), "false");
}

TEST(Expression, IdentifiersMayBeJapanese) {
  EXPECT_EQ(eval("気温 - 露点\u3000* 2", R"({"気温":30,"露点":5})"), "20");
}

TEST(Expression, StringsKeepBackslashesExceptBeforeTheirQuote) {
  EXPECT_EQ(eval(R"('it\'s')"), R"("it's")");
  EXPECT_EQ(eval(R"("say \"x\"")"), R"("say \"x\"")");
  EXPECT_EQ(eval(R"('\d')"), R"("\\d")");
}

TEST(Expression, NestingAndLengthAreBounded) {
  EXPECT_EQ(eval(std::string(60, '(') + "1" + std::string(60, ')')), "1");
  EXPECT_EQ(eval(std::string(70, '(') + "1" + std::string(70, ')')), "null");
  std::string chain = "1";
  for (int i = 0; i < 200; ++i) chain += "+1";
  EXPECT_EQ(eval(chain), "201");
  for (int i = 0; i < 100; ++i) chain += "+1";
  EXPECT_EQ(eval(chain), "null");
  EXPECT_FALSE(Expression::parse("'" + std::string(Expression::kMaxLength, 'x') + "'"));
}

TEST(Expression, WorkIsBounded) {
  const Json object = context(R"({"a":")" + std::string(1 << 20, 'x') + R"("})");
  const JsonScope scope(object);
  EXPECT_EQ(evaluate_expression("a|len", scope, kNow).dump(), "1048576");
  EXPECT_EQ(evaluate_expression("a|replaceStr('x', a)|len", scope, kNow).dump(), "null");
  EXPECT_EQ(evaluate_expression("a|replaceRegex('x', a)|len", scope, kNow).dump(), "null");
  EXPECT_EQ(evaluate_expression("a|split('')|len", scope, kNow).dump(), "null");
  std::string doubled = "a";
  for (int i = 0; i < 50; ++i) doubled += "+a";
  EXPECT_EQ(evaluate_expression(doubled, scope, kNow).dump(), "null");
}

}  // namespace
}  // namespace machi::broker

#include <gtest/gtest.h>

#include "broker/expression/expression.h"

// Each transformation with the example of Orion's manual ("Available Transformations") and its failure values.
namespace machi::broker {
namespace {

constexpr Timestamp kNow{1722504662500000};  // 2024-08-01T09:31:02.5Z

std::string eval(std::string_view expression, std::string_view c) {
  const Json object = *Json::parse(std::string(R"({"c":)") + std::string(c) + "}");
  return evaluate_expression(expression, JsonScope(object), kNow).dump();
}

TEST(Transforms, Uppercase) {
  EXPECT_EQ(eval("c|uppercase", R"("fooBAR")"), R"("FOOBAR")");
  EXPECT_EQ(eval("c|uppercase", "1"), "null");
  EXPECT_EQ(eval("c|uppercase", R"("ｱé")"), R"("ｱÉ")");
}
TEST(Transforms, Lowercase) {
  EXPECT_EQ(eval("c|lowercase", R"("fooBAR")"), R"("foobar")");
  EXPECT_EQ(eval("c|lowercase", "null"), "null");
}
TEST(Transforms, Split) {
  EXPECT_EQ(eval("c|split(',')", R"("foo,bar,zzz")"), R"(["foo","bar","zzz"])");
  EXPECT_EQ(eval("c|split(',')", R"(",a,")"), R"(["","a",""])");
  EXPECT_EQ(eval("c|split('')", R"("町a")"), R"(["町","a"])");
  EXPECT_EQ(eval("c|split(',')", "[1]"), "null");
  EXPECT_EQ(eval("c|split", R"("a")"), "null");
}
TEST(Transforms, IndexOf) {
  EXPECT_EQ(eval("c|indexOf('xy')", R"("fooxybar")"), "3");
  EXPECT_EQ(eval("c|indexOf('zz')", R"("fooxybar")"), "null");
  EXPECT_EQ(eval("c|indexOf('駅')", R"("東京駅")"), "2");
  EXPECT_EQ(eval("c|indexOf('a')", R"(["a"])"), "null");
}
TEST(Transforms, Len) {
  EXPECT_EQ(eval("c|len", R"("foobar")"), "6");
  EXPECT_EQ(eval("c|len", R"("東京駅")"), "3");
  EXPECT_EQ(eval("c|len", "[1,2,3]"), "3");
  EXPECT_EQ(eval("c|len", "12"), "null");
}
TEST(Transforms, Trim) {
  EXPECT_EQ(eval("c|trim", R"("  foo  bar  ")"), R"("foo  bar")");
  EXPECT_EQ(eval("c|trim", R"("　町　")"), R"("町")");
  EXPECT_EQ(eval("c|trim", R"("   ")"), R"("")");
  EXPECT_EQ(eval("c|trim", "[]"), "null");
}
TEST(Transforms, Substring) {
  EXPECT_EQ(eval("c|substring(3,5)", R"("foobar")"), R"("ba")");
  EXPECT_EQ(eval("c|substring(3,6)", R"("foobar")"), R"("bar")");
  EXPECT_EQ(eval("c|substring(3,50)", R"("foobar")"), "null");
  EXPECT_EQ(eval("c|substring(5,3)", R"("foobar")"), "null");
  EXPECT_EQ(eval("c|substring(0-1,3)", R"("foobar")"), "null");
  EXPECT_EQ(eval("c|substring(1,2)", R"("東京駅")"), R"("京")");
  EXPECT_EQ(eval("c|substring(1,4)", R"("東京駅")"), "null");
  EXPECT_EQ(eval("c|substring(1)", R"("foobar")"), "null");
}
TEST(Transforms, Includes) {
  EXPECT_EQ(eval("c|includes('ba')", R"("foobar")"), "true");
  EXPECT_EQ(eval("c|includes('xx')", R"("foobar")"), "false");
  EXPECT_EQ(eval("c|includes('1')", "1"), "null");
}
TEST(Transforms, IsNaN) {
  EXPECT_EQ(eval("c|isNaN", R"("foobar")"), "true");
  EXPECT_EQ(eval("c|isNaN", "1.5"), "false");
  EXPECT_EQ(eval("c|isNaN", "null"), "true");
}
TEST(Transforms, ParseInt) {
  EXPECT_EQ(eval("c|parseInt", R"("25")"), "25");
  EXPECT_EQ(eval("c|parseInt", R"("-1")"), "-1");
  EXPECT_EQ(eval("c|parseInt", R"("25.9")"), "25");
  EXPECT_EQ(eval("c|parseInt", R"("25 m/s")"), "null");
  EXPECT_EQ(eval("c|parseInt", R"("")"), "null");
  EXPECT_EQ(eval("c|parseInt", "true"), "null");
}
TEST(Transforms, ParseFloat) {
  EXPECT_EQ(eval("c|parseFloat", R"("25.33")"), "25.33");
  EXPECT_EQ(eval("c|parseFloat", R"("1e3")"), "1000");
  EXPECT_EQ(eval("c|parseFloat", R"("inf")"), "null");
  EXPECT_EQ(eval("c|parseFloat", R"("x")"), "null");
}
TEST(Transforms, TypeOf) {
  EXPECT_EQ(eval("c|typeOf", "23"), R"("Number")");
  EXPECT_EQ(eval("c|typeOf", R"("x")"), R"("String")");
  EXPECT_EQ(eval("c|typeOf", "true"), R"("Boolean")");
  EXPECT_EQ(eval("c|typeOf", "[]"), R"("Array")");
  EXPECT_EQ(eval("c|typeOf", "{}"), R"("Object")");
  EXPECT_EQ(eval("c|typeOf", "null"), R"("Null")");
}
TEST(Transforms, ToString) {
  EXPECT_EQ(eval("c|toString", "23"), R"("23")");
  EXPECT_EQ(eval("c|toString", "true"), R"("true")");
  EXPECT_EQ(eval("c|toString", R"("a")"), R"("a")");
  EXPECT_EQ(eval("c|toString", "[1,\"b\"]"), R"("[1,\"b\"]")");
}
TEST(Transforms, ToJson) {
  EXPECT_EQ(eval("c|toJson", R"("[1,2]")"), "[1,2]");
  EXPECT_EQ(eval("c|toJson", R"("[1,2")"), "null");
  EXPECT_EQ(eval("c|toJson", "1"), "null");
}
TEST(Transforms, FloorCeilRound) {
  EXPECT_EQ(eval("c|floor", "3.14"), "3");
  EXPECT_EQ(eval("c|ceil", "3.14"), "4");
  EXPECT_EQ(eval("c|round", "3.14"), "3");
  EXPECT_EQ(eval("c|round", "-3.5"), "-4");
  EXPECT_EQ(eval("c|ceil", "-0.5"), "0");
  for (const char* t : {"c|floor", "c|ceil", "c|round"}) EXPECT_EQ(eval(t, R"("3")"), "null");
}
TEST(Transforms, ToFixed) {
  EXPECT_EQ(eval("c|toFixed(1)", "3.18"), "3.2");
  EXPECT_EQ(eval("c|toFixed(1)", "0.85"), "0.8");
  EXPECT_EQ(eval("c|toFixed(0)", "2.6"), "3");
  EXPECT_EQ(eval("c|toFixed(99)", "2.6"), "null");
  EXPECT_EQ(eval("c|toFixed", "2.6"), "null");
}
TEST(Transforms, Logarithms) {
  EXPECT_EQ(eval("c|log", "3.14"), "1.1442228");
  EXPECT_EQ(eval("c|log", "2.80"), "1.029619417");
  EXPECT_EQ(eval("c|log10", "3.14"), "0.496929648");
  EXPECT_EQ(eval("c|log2", "3.14"), "1.650764559");
  for (const char* t : {"c|log", "c|log10", "c|log2"}) EXPECT_EQ(eval(t, "0"), "null");
}
TEST(Transforms, Sqrt) {
  EXPECT_EQ(eval("c|sqrt", "3.14"), "1.772004515");
  EXPECT_EQ(eval("c|sqrt", "16"), "4");
  EXPECT_EQ(eval("c|sqrt", "-1"), "null");
}
TEST(Transforms, ReplaceStr) {
  EXPECT_EQ(eval("c|replaceStr('o','u')", R"("foobar")"), R"("fuubar")");
  EXPECT_EQ(eval("c|replaceStr('','u')", R"("foobar")"), R"("foobar")");
  EXPECT_EQ(eval("c|replaceStr('o')", R"("foobar")"), "null");
}
TEST(Transforms, ReplaceRegex) {
  EXPECT_EQ(eval(R"(c|replaceRegex('\d+','X'))", R"("aba1234aba786aba")"), R"("abaXabaXaba")");
  EXPECT_EQ(eval("c|replaceRegex('(a)(b)?','<$2$1$$>')", R"("abac")"), R"("<ba$><a$>c")");
  EXPECT_EQ(eval("c|replaceRegex('x*','-')", R"("町a")"), R"("-町-a-")");
  EXPECT_EQ(eval("c|replaceRegex('(','-')", R"("a")"), "null");
}
TEST(Transforms, MatchRegex) {
  EXPECT_EQ(eval(R"(c|matchRegex('\d+'))", R"("abc1234fgh897hyt")"), R"(["1234","897"])");
  EXPECT_EQ(eval(R"(c|matchRegex('\d+'))", R"("abc")"), "[]");
  EXPECT_EQ(eval("c|matchRegex('[')", R"("abc")"), "null");
  EXPECT_EQ(eval("c|matchRegex(c)", "\"" + std::string(2000, 'a') + "\""), "null");
}
TEST(Transforms, Mapper) {
  constexpr auto t = "c|mapper(['es','fr','de'],['Spain','France',{x: 1}])";
  EXPECT_EQ(eval(t, R"("fr")"), R"("France")");
  EXPECT_EQ(eval(t, R"("de")"), R"({"x":1})");
  EXPECT_EQ(eval(t, R"("jp")"), "null");
  EXPECT_EQ(eval(t, "1"), "null");
  EXPECT_EQ(eval("c|mapper(['es','fr'],['Spain'])", R"("es")"), "null");
  EXPECT_EQ(eval("c|mapper(['es',1],['Spain','x'])", R"("es")"), "null");
}
TEST(Transforms, NMapper) {
  constexpr auto t = "c|nMapper([10,20,30],['low','medium','high'])";
  EXPECT_EQ(eval(t, "20"), R"("medium")");
  EXPECT_EQ(eval(t, "20.4"), R"("medium")");
  EXPECT_EQ(eval(t, "25"), "null");
  EXPECT_EQ(eval(t, R"("20")"), "null");
}
TEST(Transforms, ThMapper) {
  constexpr auto t = "c|thMapper([0-1,1],['low','medium','high'])";
  EXPECT_EQ(eval(t, "0.5"), R"("medium")");
  EXPECT_EQ(eval(t, "-1"), R"("medium")");
  EXPECT_EQ(eval(t, "-1.5"), R"("low")");
  EXPECT_EQ(eval(t, "1"), R"("high")");
  EXPECT_EQ(eval("c|thMapper([1],['a'])", "1"), "null");
  EXPECT_EQ(eval("c|thMapper(['x'],['a','b'])", "1"), "null");
}
TEST(Transforms, ValuesAndKeys) {
  EXPECT_EQ(eval("c|values", R"({"x":1,"y":"foo"})"), R"([1,"foo"])");
  EXPECT_EQ(eval("c|keys", R"({"x":1,"y":"foo"})"), R"(["x","y"])");
  EXPECT_EQ(eval("c|values", "[1]"), "null");
  EXPECT_EQ(eval("c|keys", "[1]"), "null");
}
TEST(Transforms, ArrayFigures) {
  EXPECT_EQ(eval("c|arrSum", "[1,5]"), "6");
  EXPECT_EQ(eval("c|arrAvg", "[1,5]"), "3");
  EXPECT_EQ(eval("c|arrMax", "[1,5]"), "5");
  EXPECT_EQ(eval("c|arrMin", "[1,5]"), "1");
  EXPECT_EQ(eval("c|arrMed", "[1,3,3,6,7,8,9]"), "6");
  EXPECT_EQ(eval("c|arrMed", "[1,2,3,4,5,6,8,9]"), "4.5");
  for (const char* t : {"c|arrSum", "c|arrAvg", "c|arrMax", "c|arrMin", "c|arrMed"}) {
    for (const char* c : {"[]", "[1,\"x\"]", "1"}) EXPECT_EQ(eval(t, c), "null") << t << c;
  }
}
TEST(Transforms, ArrSort) {
  EXPECT_EQ(eval("c|arrSort", "[3,1,3,9,7,8,6]"), "[1,3,3,6,7,8,9]");
  EXPECT_EQ(eval("c|arrSort", "[1,\"x\"]"), "null");
  EXPECT_EQ(eval("c|arrSort", "{}"), "null");
}
TEST(Transforms, ArrReverse) {
  EXPECT_EQ(eval("c|arrReverse", "[3,1,3,9,7,8,6]"), "[6,8,7,9,3,1,3]");
  EXPECT_EQ(eval("c|arrReverse", R"([1,"foo",true])"), R"([true,"foo",1])");
  EXPECT_EQ(eval("c|arrReverse", R"("abc")"), "null");
}
TEST(Transforms, Now) {
  EXPECT_EQ(eval("0|now", "0"), "1722504662");
  EXPECT_EQ(eval("c|now", "3600"), "1722508262");
  EXPECT_EQ(eval("c|now", R"("x")"), "null");
}
TEST(Transforms, ToIsoString) {
  EXPECT_EQ(eval("c|toIsoString", "1720606949"), R"("2024-07-10T10:22:29+00:00")");
  EXPECT_EQ(eval("c|toIsoString", "1e15"), "null");
  EXPECT_EQ(eval("c|toIsoString", R"("x")"), "null");
}
TEST(Transforms, GetTime) {
  EXPECT_EQ(eval("c|getTime", R"("2024-07-10T10:22:29+00:00")"), "1720606949");
  EXPECT_EQ(eval("c|getTime|toIsoString", R"("2060-02-04T23:28:10.000Z")"), R"("2060-02-04T23:28:10+00:00")");
  EXPECT_EQ(eval("c|getTime", R"("yesterday")"), "null");
  EXPECT_EQ(eval("c|getTime", "1"), "null");
}

}  // namespace
}  // namespace machi::broker

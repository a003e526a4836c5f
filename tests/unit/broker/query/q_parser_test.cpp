#include "broker/query/q_parser.h"

#include <gtest/gtest.h>

#include "broker/query/build.h"

namespace machi::broker::query {
namespace {

Condition only(const Filter& filter) {
  EXPECT_EQ(filter.parts.size(), 1u);
  return filter.parts.empty() ? Condition{} : *filter.parts.front().leaf;
}

std::string refusal(std::string_view text, ParseOptions options = {}) {
  const auto filter = parse_q(text, options);
  return filter ? "accepted" : filter.error().message;
}

std::string mq_refusal(std::string_view text) {
  const auto filter = parse_mq(text);
  return filter ? "accepted" : filter.error().message;
}

TEST(QParser, RefusesWithOrionsSentences) {
  EXPECT_EQ(refusal(""), "empty q");
  EXPECT_EQ(refusal(";"), "empty q");
  EXPECT_EQ(refusal(";;"), "empty q-item");
  EXPECT_EQ(refusal("a==55;;"), "empty q-item");
  EXPECT_EQ(refusal("a==12;   "), "empty q-item (only whitespace)");
  EXPECT_EQ(refusal(">7"), "empty left-hand-side in q-item");
  EXPECT_EQ(refusal("==12"), "empty left-hand-side in q-item");
  EXPECT_EQ(refusal("a>"), "empty right-hand-side in q-item");
  EXPECT_EQ(refusal("!"), "empty right-hand-side in q-item");
  EXPECT_EQ(refusal("a>10..20"), "ranges only valid for equal and not equal ops");
  EXPECT_EQ(refusal("a==10.."), "empty item in range");
  EXPECT_EQ(refusal("a==..20"), "empty item in range");
  EXPECT_EQ(refusal("a==true..20"), "invalid data type for /range-from/");
  EXPECT_EQ(refusal("a==10..null"), "invalid data type for /range-to/");
  EXPECT_EQ(refusal("a==10..string"), "invalid range: types mixed");
  EXPECT_EQ(refusal("a==2016-02-23T10:00:00.000Z..'2016-02-24T10:00:00.000Z'"), "invalid range: types mixed");
  EXPECT_EQ(refusal("a<1,2"), "lists only valid for equal and not equal ops");
  EXPECT_EQ(refusal("a!=true,false"), "invalid JSON value type in list");
  EXPECT_EQ(refusal("a!=1,null"), "invalid JSON value type in list");
  EXPECT_EQ(refusal("a!=1,str"), "invalid JSON value type in list");
  EXPECT_EQ(refusal("a!=1,"), "empty item in list");
  EXPECT_EQ(refusal("a>true"), "values of type /Bool/ not supported for operator /GreaterThan/");
  EXPECT_EQ(refusal("a<=null"), "values of type /Null/ not supported for operator /LessThanOrEqual/");
  EXPECT_EQ(refusal("a=='10'x"), "non-terminated forced string");
  EXPECT_EQ(refusal("a=='10'x'"), "quote in forced string");
  EXPECT_EQ(refusal("a~=("), "error compiling filter regex: '('");
  EXPECT_EQ(refusal("a=1"), "invalid character found in URI param /q/");
  EXPECT_EQ(refusal("house'flat'"), "forbidden characters in String Filter");
  EXPECT_EQ(refusal(std::string_view("a==\0", 4)), "invalid character found in URI param /q/");
  EXPECT_EQ(refusal("a==\xff"), "invalid character found in URI param /q/");
}

TEST(QParser, RefusesOrionsCharactersOnlyWhenAsked) {
  constexpr ParseOptions kOrion{.orion_forbidden_characters = true};
  EXPECT_EQ(refusal("a()==12", kOrion), "invalid character found in URI param /q/");
  EXPECT_EQ(refusal("house<flat>", kOrion), "forbidden characters in String Filter");
  EXPECT_EQ(refusal("house==flat,flat>", kOrion), "forbidden characters in String Filter");
  EXPECT_EQ(refusal("house==flat..flat>", kOrion), "forbidden characters in String Filter");
  EXPECT_EQ(refusal("a==house'flat'", kOrion), "forbidden characters in String Filter");
  EXPECT_EQ(refusal("A1~='101'", kOrion), "forbidden characters in String Filter");
  EXPECT_EQ(refusal("a()==12"), "accepted");
  EXPECT_EQ(refusal("a==house'flat'"), "accepted");
}

TEST(MqParser, WantsAMetadataName) {
  EXPECT_EQ(mq_refusal("A1"), "no metadata in right-hand-side of q-item");
  EXPECT_EQ(mq_refusal("!A1"), "no metadata in right-hand-side of q-item");
  EXPECT_EQ(mq_refusal("A1==2"), "no metadata name - not valid for metadata filters");
}

TEST(QParser, FindsEachOperator) {
  EXPECT_EQ(only(q("a==1")).op, Operator::equal);
  EXPECT_EQ(only(q("a:1")).op, Operator::equal);
  EXPECT_EQ(only(q("a!=1")).op, Operator::unequal);
  EXPECT_EQ(only(q("a>1")).op, Operator::greater);
  EXPECT_EQ(only(q("a>=1")).op, Operator::greater_or_equal);
  EXPECT_EQ(only(q("a<1")).op, Operator::less);
  EXPECT_EQ(only(q("a<=1")).op, Operator::less_or_equal);
  EXPECT_EQ(only(q("a~=1")).op, Operator::matches);
  EXPECT_EQ(only(q("a")).op, Operator::exists);
  EXPECT_EQ(only(q("!a")).op, Operator::absent);
}

TEST(QParser, LiteralsAreReadInOrder) {
  const auto literal = [](std::string_view text) { return only(q("a==" + std::string(text))).values.at(0); };
  EXPECT_EQ(literal("20"), Literal(20.0));
  EXPECT_EQ(literal("'20'"), Literal(std::string("20")));
  EXPECT_EQ(literal("-0.5e1"), Literal(-5.0));
  EXPECT_EQ(literal("2016-02-24T10:00:00Z"), Literal(Timestamp{1456308000000000}));
  EXPECT_EQ(literal("2016-02-24"), Literal(Timestamp{1456272000000000}));
  EXPECT_EQ(literal("2016-123"), Literal(std::string("2016-123")));
  EXPECT_EQ(literal("true"), Literal(true));
  EXPECT_EQ(literal("null"), Literal(Null{}));
  EXPECT_EQ(literal("inf"), Literal(std::string("inf")));
  EXPECT_EQ(literal("0x10"), Literal(std::string("0x10")));
  EXPECT_EQ(literal("1e999"), Literal(std::string("1e999")));
  EXPECT_EQ(literal("那須塩原"), Literal(std::string("那須塩原")));
}

TEST(QParser, QuotesKeepSeparatorsInsideTokens) {
  const Condition path = only(q("'a.b'.w.'x.y'==1"));
  EXPECT_EQ(path.target.attribute, "a.b");
  EXPECT_EQ(path.target.path, (std::vector<std::string>{"w", "x.y"}));
  EXPECT_EQ(only(q("'A:1'")).target.attribute, "A:1");
  EXPECT_EQ(only(q("!'A:1'")).target.attribute, "A:1");
  EXPECT_EQ(only(q("a=='light,green','deep,blue'")).values.size(), 2u);
  EXPECT_EQ(only(q("a=='x;y..z'")).values.at(0), Literal(std::string("x;y..z")));
  EXPECT_EQ(q("a==O'Reilly;b==1").parts.size(), 2u);
}

TEST(QParser, TrailingSemicolonIsNothing) {
  EXPECT_EQ(q("humidity:567;").parts.size(), 1u);
}

TEST(QParser, KnowsBuiltins) {
  EXPECT_EQ(only(q("dateCreated<2049-01-01")).target.builtin, Target::Builtin::date_created);
  EXPECT_EQ(only(q("servicePath:/Madrid/A")).target.builtin, Target::Builtin::service_path);
  EXPECT_EQ(only(q("dateCreated.x")).target.builtin, Target::Builtin::none);
  EXPECT_EQ(only(mq("A.dateModified<2049-01-01")).target.builtin, Target::Builtin::date_modified);
  EXPECT_EQ(only(mq("dateModified.b<1")).target.builtin, Target::Builtin::none);
}

TEST(QParser, RangesAndLists) {
  const Condition range = only(q("a==10..20"));
  ASSERT_TRUE(range.range);
  EXPECT_EQ(range.range->from, Literal(10.0));
  EXPECT_EQ(range.range->to, Literal(20.0));
  EXPECT_EQ(only(q("a!=null,foo")).values, (std::vector<Literal>{Null{}, std::string("foo")}));
}

}  // namespace
}  // namespace machi::broker::query

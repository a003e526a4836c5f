#include "broker/query/matcher.h"

#include <gtest/gtest.h>

#include "broker/query/build.h"
#include "broker/query/order.h"

namespace machi::broker::query {
namespace {

TEST(Q_Kinds, ALiteralOnlyMeetsItsOwnKind) {
  const Entity number = entity({attribute("A", "10", "Number")});
  const Entity text = entity({attribute("A", R"("10")", "Text")});
  EXPECT_TRUE(holds(q("A==10"), number));
  EXPECT_FALSE(holds(q("A==10"), text));
  EXPECT_TRUE(holds(q("A=='10'"), text));
  EXPECT_TRUE(holds(q("A!=10"), text));
  EXPECT_FALSE(holds(q("A~=10"), number));
  EXPECT_TRUE(holds(q("A~=10"), text));
  EXPECT_FALSE(holds(q("A<=20"), text));
  EXPECT_FALSE(holds(q("A>=0"), text));
}

TEST(Q_Dates, AreDatesByTheTypeOfTheAttribute) {
  const Entity date = entity({attribute("D", R"("2016-02-24T10:00:00.000Z")", "DateTime")});
  const Entity text = entity({attribute("D", R"("2016-02-24T10:00:00.000Z")", "Text")});
  const Entity nothing = entity({attribute("D", "null", "DateTime")});
  EXPECT_TRUE(holds(q("D==2016-02-24T10:00:00Z"), date));
  EXPECT_TRUE(holds(q("D==2016-02-24T12:00:00+02:00"), date));
  EXPECT_FALSE(holds(q("D=='2016-02-24T10:00:00.000Z'"), date));
  EXPECT_FALSE(holds(q("D==2016-02-24T10:00:00Z"), text));
  EXPECT_TRUE(holds(q("D>2016-02-24"), date));
  EXPECT_FALSE(holds(q("D<2049-01-01"), nothing));
  EXPECT_TRUE(holds(q("D"), nothing));
}

TEST(Q_Null, IsAValueAndNotAnAbsence) {
  const Entity null = entity({attribute("A", "null")});
  const Entity foo = entity({attribute("A", R"("foo")")});
  const Entity none = entity({attribute("B", "1")});
  EXPECT_TRUE(holds(q("A:null"), null));
  EXPECT_TRUE(holds(q("A:foo,null"), null));
  EXPECT_TRUE(holds(q("A:null,foo"), foo));
  EXPECT_FALSE(holds(q("A!=null"), null));
  EXPECT_TRUE(holds(q("A!=null"), foo));
  EXPECT_FALSE(holds(q("A!=foo,null"), foo));
  EXPECT_FALSE(holds(q("A!=null"), none));
  EXPECT_FALSE(holds(q("A:null"), none));
  EXPECT_TRUE(holds(q("A!=foo"), null));
}

TEST(Q_Range, IncludesBothEnds) {
  for (const auto value : {"10", "15", "20"}) EXPECT_TRUE(holds(q("A==10..20"), entity({attribute("A", value)})));
  for (const auto value : {"9.99", "20.01", R"("15")"}) {
    EXPECT_FALSE(holds(q("A==10..20"), entity({attribute("A", value)})));
    EXPECT_TRUE(holds(q("A!=10..20"), entity({attribute("A", value)})));
  }
  EXPECT_TRUE(holds(q("A==brown..red"), entity({attribute("A", R"("green")")})));
}

TEST(Q_Strings, AreComparedByCodePoint) {
  EXPECT_TRUE(holds(q("A>Z"), entity({attribute("A", R"("a")")})));
  EXPECT_TRUE(holds(q("A>z"), entity({attribute("A", R"("é")")})));
  // U+FF71 is below U+1F600 although its UTF-16 code unit is above the surrogates.
  EXPECT_TRUE(holds(q("A>ｱ"), entity({attribute("A", R"("😀")")})));
  EXPECT_TRUE(holds(q("A==a\"b"), entity({attribute("A", R"("a\"b")")})));
}

TEST(Q_Arrays, MatchByAnyMember) {
  const Entity e = entity({attribute("A", R"([1,30,"x",null,true,[99]])")});
  EXPECT_TRUE(holds(q("A==30"), e));
  EXPECT_TRUE(holds(q("A==x"), e));
  EXPECT_TRUE(holds(q("A>20"), e));
  EXPECT_TRUE(holds(q("A==null"), e));
  EXPECT_TRUE(holds(q("A==true"), e));
  EXPECT_TRUE(holds(q("A~=^x$"), e));
  EXPECT_FALSE(holds(q("A==10..20"), e));
  EXPECT_FALSE(holds(q("A==99"), e));
  EXPECT_FALSE(holds(q("A!=30"), e));
  EXPECT_TRUE(holds(q("A!=31"), e));
  EXPECT_TRUE(holds(q("A!=1"), entity({attribute("A", "[]")})));
}

TEST(Q_Paths, GoThroughObjectsAndArrays) {
  const Entity e =
      entity({attribute("A", R"({"i":10,"L1":{"L2":{"s":"test_string","N":null}},"l":[{"n":1},{"n":2}],"a.b":1})")});
  EXPECT_TRUE(holds(q("A.i==10"), e));
  EXPECT_FALSE(holds(q("A==10"), e));
  EXPECT_TRUE(holds(q("A.L1.L2.s~=t_st"), e));
  EXPECT_TRUE(holds(q("A.L1.L2.N==null"), e));
  EXPECT_TRUE(holds(q("A.L1.L2.N"), e));
  EXPECT_TRUE(holds(q("!A.L1.L3"), e));
  EXPECT_TRUE(holds(q("A.l.n==2"), e));
  EXPECT_FALSE(holds(q("A.l.n==3"), e));
  EXPECT_TRUE(holds(q("A.'a.b'==1"), e));
  EXPECT_FALSE(holds(q("A.i.x"), e));
  EXPECT_FALSE(holds(q("A.x!=1"), e));
}

TEST(Mq_Metadata, IsComparedLikeAttributes) {
  Attribute a = attribute("A", "1");
  a.metadata = {{"M", "Number", "0.9"}, {"T", "DateTime", R"("2018-12-15T00:00:00Z")"}, {"C", "X", R"({"x":1})"}};
  a.created = Timestamp{1'000'000};
  a.modified = Timestamp{2'000'000};
  const Entity e = entity({a});
  EXPECT_TRUE(holds(mq("A.M<1"), e));
  EXPECT_TRUE(holds(mq("A.T>2018-12-14"), e));
  EXPECT_TRUE(holds(mq("A.C.x==1"), e));
  EXPECT_TRUE(holds(mq("A.dateModified<2049-01-01"), e));
  EXPECT_TRUE(holds(mq("A.dateCreated==1970-01-01T00:00:01Z"), e));
  EXPECT_TRUE(holds(mq("!A.N"), e));
  EXPECT_TRUE(holds(mq("!B.N"), e));
  EXPECT_FALSE(holds(mq("B.M<1"), e));
}

TEST(Q_Builtins, CountEvenWhenAnAttributeHasTheName) {
  Entity e = entity({attribute("dateCreated", R"("mine")"), attribute("dateExpires", R"("mine")")});
  e.created = Timestamp{1'000'000};
  e.service_path = "/Madrid/A";
  EXPECT_TRUE(holds(q("dateCreated<1971-01-01"), e));
  EXPECT_FALSE(holds(q("dateCreated==mine"), e));
  EXPECT_TRUE(holds(q("!dateExpires"), e));
  EXPECT_TRUE(holds(q("servicePath:/Madrid/A"), e));
  EXPECT_TRUE(holds(q("servicePath~=^/Madrid"), e));
  e.expires = Timestamp{1'000'000};
  EXPECT_TRUE(holds(q("dateExpires<2010-01-01"), e));
}

TEST(Matcher, ChecksScopeSelectorsAndTenant) {
  Query query{.scope = {{"/a", "/b/#"}}};
  query.selectors.push_back({.ids = {"E1", "E2"}, .types = {"T"}});
  query.selectors.push_back({.id_pattern = *parse_id_pattern("^X"), .type_pattern = *parse_type_pattern("U|V")});
  const auto matcher = Matcher::create(query);
  ASSERT_TRUE(matcher);
  Entity e = entity({});
  e.service_path = "/a";
  EXPECT_TRUE(matcher->matches(e));
  e.service_path = "/a/c";
  EXPECT_FALSE(matcher->matches(e));
  e.service_path = "/b/c";
  EXPECT_TRUE(matcher->matches(e));
  e.service_path = "/bc";
  EXPECT_FALSE(matcher->matches(e));
  e.service_path = "/b";
  e.type = "U";
  EXPECT_FALSE(matcher->matches(e));
  e.id = "X9";
  EXPECT_TRUE(matcher->matches(e));
  e.tenant = TenantId{7};
  EXPECT_FALSE(matcher->matches(e));
}

TEST(OrderBy, RefusesATokenTwice) {
  for (const auto text : {"age,age", "!age,age", "age,!age", "name,age,!name"}) {
    const auto order = parse_order_by(text);
    ASSERT_FALSE(order) << text;
    EXPECT_EQ(order.error().message, "duplicate orderBy token detected");
  }
}

TEST(OrderBy, PutsKindsInOrder) {
  const std::vector<std::string> ascending{"null", "-1", "3", R"("a")", R"("b")", "{}", "[1]", "false", "true"};
  const auto up = *parse_order_by("A");
  const auto down = *parse_order_by("!A");
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      const Entity x = entity({attribute("A", ascending[i])});
      const Entity y = entity({attribute("A", ascending[j])});
      EXPECT_EQ(compare(x, y, up) < 0, i < j);
      EXPECT_EQ(compare(x, y, down) < 0, i > j);
    }
  }
}

TEST(OrderBy, BreaksTiesByCreationThenKey) {
  Entity older = entity({attribute("A", "1")});
  Entity newer = older;
  newer.created = Timestamp{5};
  EXPECT_LT(compare(older, newer, *parse_order_by("!A")), 0);
  newer.created = older.created;
  newer.key = EntityKey{older.key.value + 1};
  EXPECT_LT(compare(older, newer, {}), 0);
}

}  // namespace
}  // namespace machi::broker::query

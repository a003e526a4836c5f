#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include "broker/model/geometry.h"
#include "broker/query/geodesic.h"
#include "broker/query/matcher.h"
#include "broker/query/order.h"
#include "broker/query/random_data.h"
#include "broker/query/refinement.h"
#include "broker/query/search_document.h"
#include "broker/query/session.h"

// The translator against the matcher: random entities in a real PostgreSQL and in memory, random queries, the same
// answers.
namespace machi::broker::query {
namespace {

constexpr int kEntities = 300;
constexpr int kQueries = 700;

std::uint64_t seed() {
  const char* given = std::getenv("MACHI_SEED");
  const std::uint64_t value = given == nullptr ? 20'261'123 : std::strtoull(given, nullptr, 10);
  std::cout << "seed " << value << " (set MACHI_SEED to change)\n";
  return value;
}

void insert(Session& session, const Entity& e) {
  db::Parameters p;
  p.add(std::int64_t{e.tenant.value}).add(e.key.value).add(e.created).add(e.modified).add(e.expires);
  p.add(e.id).add(e.type).add(e.service_path).add(to_document(e.attributes)).add(search_document(e.attributes));
  session.run(
      "insert into machi.entity (tenant, entity_key, slot, version, created, modified, expires, id, type, "
      "service_path, document, search, correlator) "
      "values ($1, $2, 0, 1, $3, $4, $5, $6, $7, $8, $9, $10, '')",
      p);
  for (const Attribute& a : e.attributes) {
    const auto geometry = geometry_of(a);
    if (!geometry || !*geometry) continue;
    db::Parameters g;
    g.add(std::int64_t{e.tenant.value}).add(e.key.value).add(a.name).add(a.dataset).add(**geometry);
    session.run(
        "insert into machi.entity_geometry values ($1, $2, $3, $4, "
        "st_setsrid(st_force2d(st_geomfromgeojson($5::text)), 4326))",
        g);
  }
}

class QueryProperty : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int key = 1; key <= kEntities; ++key) {
      Entity e = random_.entity(key);
      insert(session_, e);
      entities_.emplace(key, std::move(e));
    }
  }

  std::vector<std::int64_t> in_memory(const Query& query) {
    const auto matcher = Matcher::create(query);
    EXPECT_TRUE(matcher);
    std::vector<const Entity*> found;
    for (const auto& [key, e] : entities_) {
      if (e.expires && *e.expires <= now()) continue;
      if (matcher->matches(e)) found.push_back(&e);
    }
    std::ranges::sort(found, [&](const Entity* a, const Entity* b) { return compare(*a, *b, query.order_by) < 0; });
    std::vector<std::int64_t> keys;
    for (const Entity* e : found) keys.push_back(e->key.value);
    return keys;
  }

  static std::vector<std::int64_t> page(std::vector<std::int64_t> keys, const Query& query) {
    const auto from = std::min(keys.size(), static_cast<std::size_t>(query.offset));
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(from));
    keys.resize(std::min(keys.size(), static_cast<std::size_t>(query.limit)));
    return keys;
  }

  std::vector<std::int64_t> select(const Query& query) {
    std::vector<std::int64_t> keys;
    for (const auto& row : session_.run(select_sql(query, "e.entity_key"))) keys.push_back(std::stoll(row[0]));
    return keys;
  }

  std::vector<std::int64_t> refined(const Query& query) {
    auto refinement = Refinement::create(query);
    std::vector<std::int64_t> keys;
    while (!refinement->is_done()) {
      const auto candidates = select(refinement->next_chunk());
      for (const auto key : candidates) {
        if (refinement->admit(entities_.at(key))) keys.push_back(key);
      }
      refinement->end_chunk(candidates.size());
    }
    return keys;
  }

  void check(const Query& query) {
    const auto expected = in_memory(query);
    matched_ += expected.empty() ? 0 : 1;
    const Sql sql = select_sql(query, "e.entity_key");
    SCOPED_TRACE(sql.text);
    if (!sql.exact) {
      ++inexact_;
      EXPECT_EQ(refined(query), page(expected, query)) << describe(query);
      return;
    }
    EXPECT_EQ(select(query), page(expected, query)) << describe(query);
    EXPECT_EQ(session_.run(count_sql(query))[0][0], std::to_string(expected.size())) << describe(query);
  }

  static std::string describe(const Query& query) {
    std::string out;
    const Sql sql = select_sql(query, "e.entity_key");
    for (std::size_t i = 0; i < sql.parameters.size(); ++i) {
      out += "$" + std::to_string(i + 1) + "=" + (sql.parameters.is_binary(i) ? "(binary)" : sql.parameters.value(i)) +
             "  ";
    }
    return out;
  }

  std::uint64_t seed_ = seed();
  RandomData random_{seed_};
  Session session_;
  std::map<std::int64_t, Entity> entities_;
  int matched_ = 0;
  int inexact_ = 0;
};

TEST_F(QueryProperty, SqlAndMemoryAgree) {
  for (int i = 0; i < kQueries && !HasFailure(); ++i) check(random_.query());
  EXPECT_GT(matched_, kQueries / 4);
  EXPECT_GT(inexact_, kQueries / 50);
}

TEST_F(QueryProperty, IndexesChangeNothing) {
  for (const auto name : {"a", "b", "d.e", "名", "it's \\ strange"}) {
    for (const auto& statement : create_index_statements(name, true)) session_.run(statement);
  }
  session_.run("set enable_seqscan = off");
  for (int i = 0; i < kQueries && !HasFailure(); ++i) check(random_.query());
  for (const auto name : {"a", "b", "d.e", "名", "it's \\ strange"}) {
    for (const auto& statement : drop_index_statements(name, true)) session_.run(statement);
  }
  EXPECT_TRUE(session_.run("select 1 from pg_indexes where indexname like 'entity\\_q\\_%'").empty());
}

TEST(RegexProperty, PostgresqlUnderstandsTheCommonSubsetAsRe2Does) {
  RandomData random(seed());
  Session session;
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back(random.text_near_patterns());
  int compared = 0;
  int valid = 0;
  for (int i = 0; i < 1500; ++i) {
    const auto regex = Regex::compile(random.pattern());
    if (!regex) continue;
    ++valid;
    if (!(*regex)->sql()) continue;
    ++compared;
    db::Parameters p;
    p.add(*(*regex)->sql()).add_array(texts);
    const auto rows = session.run(
        "select string_agg(case when t collate \"C\" ~ $1 then '1' else '0' end, '' order by n) from "
        "unnest($2::text[]) with ordinality as "
        "x(t, n)",
        p);
    std::string expected;
    for (const auto& text : texts) expected += (*regex)->found_in(text) ? '1' : '0';
    ASSERT_EQ(rows.at(0).at(0), expected) << (*regex)->text() << " as " << *(*regex)->sql();
  }
  EXPECT_GT(compared, valid / 2);
}

TEST(DistanceProperty, AgreesWithPostgisWithinAMillionth) {
  RandomData random(seed());
  Session session;
  for (int i = 0; i < 800; ++i) {
    const Position from =
        random.one_in(3) ? Position{random.between(-180, 180), random.between(-90, 90)} : random.position();
    const auto geojson = random.geometry();
    db::Parameters p;
    p.add(from.longitude).add(from.latitude).add(geojson);
    const double expected =
        std::stod(session.run("select st_distance(st_setsrid(st_makepoint($1::float8, $2::float8), 4326)::geography, "
                              "st_setsrid(st_geomfromgeojson($3::text), 4326)::geography)",
                              p)[0][0]);
    const double distance = distance_to(from, *parse_shape(geojson));
    ASSERT_NEAR(distance, expected, std::max(expected * 1e-6, 1e-3))
        << from.longitude << " " << from.latitude << " " << geojson;
  }
}

}  // namespace
}  // namespace machi::broker::query

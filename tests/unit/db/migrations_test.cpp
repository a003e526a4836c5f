#include "db/migrations.h"

#include <thread>

#include "db/test_cluster.h"

namespace machi::db {
namespace {

using namespace testing;

constexpr std::array kTwo = {
    Migration{1, "first", "create table machi.thing (n integer); insert into machi.thing values (1)"},
    Migration{2, "second", "alter table machi.thing add m text default ';';\n-- done\n"}};

TEST(Migrations, ApplyInOrderAndOnlyOnce) {
  const std::string url = new_database();
  EXPECT_EQ(migrate(url, std::span(kTwo).first(1)), Result<int>(1));
  EXPECT_EQ(migrate(url, kTwo), Result<int>(1));
  EXPECT_EQ(migrate(url, kTwo), Result<int>(0));
  EXPECT_EQ(execute(url, "select m from machi.thing"), ";");
  EXPECT_EQ(execute(url, "select string_agg(version || name, ',' order by version) from machi.migration"),
            "1first,2second");
}

TEST(Migrations, NodesThatStartAtOnceTakeTurns) {
  const std::string url = new_database();
  std::array<Result<int>, 4> applied;
  {
    std::vector<std::jthread> nodes;
    for (Result<int>& count : applied) nodes.emplace_back([&] { count = migrate(url, kTwo); });
  }
  int sum = 0;
  for (const Result<int>& count : applied) {
    ASSERT_TRUE(count.has_value()) << count.error().message;
    sum += *count;
  }
  EXPECT_EQ(sum, 2);
}

TEST(Migrations, AFailingOneLeavesNothingBehind) {
  const std::string url = new_database();
  constexpr std::array kBroken = {kTwo[0], Migration{2, "broken", "create table machi.half (); select 1 / 0"}};
  const auto failed = migrate(url, kBroken);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(execute(url, "select to_regclass('machi.half') is null"), "t");
  EXPECT_EQ(execute(url, "select max(version) from machi.migration"), "1");
  EXPECT_EQ(migrate(url, kTwo), Result<int>(1));
}

TEST(Migrations, AChangedOneIsAConflict) {
  const std::string url = new_database();
  ASSERT_TRUE(migrate(url, kTwo).has_value());
  constexpr std::array kChanged = {kTwo[0], Migration{2, "second", "select 1"}};
  const auto failed = migrate(url, kChanged);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
}

TEST(Migrations, ANewerDatabaseIsAConflict) {
  const std::string url = new_database();
  ASSERT_TRUE(migrate(url, kTwo).has_value());
  const auto failed = migrate(url, std::span(kTwo).first(1));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
}

TEST(Migrations, WithoutADatabaseBusy) {
  const auto failed = migrate("host=/nonexistent", kTwo);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::busy);
}

TEST(Migrations, ExtensionsAreMadeWhereTheUserMay) {
  const std::string url = new_database();
  ASSERT_TRUE(ensure_extensions(url));
  EXPECT_TRUE(ensure_extensions(url));
  EXPECT_EQ(execute(url, "select count(*) from pg_extension where extname in ('postgis', 'btree_gist')"), "2");
}

TEST(Migrations, OtherwiseTheAnswerNamesTheCommands) {
  const std::string url = new_database();
  execute(url, "drop role if exists visitor; create role visitor login");
  // The private cluster lets only its owner in: the role is taken on after the connection is made.
  const auto refused = ensure_extensions(url + " options='-c role=visitor'");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_TRUE(refused.error().message.contains("CREATE EXTENSION postgis; CREATE EXTENSION btree_gist;"))
      << refused.error().message;
  // What an administrator has made is enough.
  execute(url, "create extension postgis; create extension btree_gist");
  EXPECT_TRUE(ensure_extensions(url + " options='-c role=visitor'"));
}

TEST(Migrations, ThoseOfTheProgramFitTogether) {
  int last = 0;
  for (const Migration& migration : all_migrations()) {
    EXPECT_EQ(migration.version, last + 1) << "versions have no gaps";
    EXPECT_FALSE(migration.sql.empty());
    last = migration.version;
  }
  const std::string url = new_database();
  execute(url, "create extension postgis; create extension btree_gist");
  const auto applied = migrate(url, all_migrations());
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(*applied, last);
}

}  // namespace
}  // namespace machi::db

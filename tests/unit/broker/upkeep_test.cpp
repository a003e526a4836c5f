#include "broker/upkeep.h"

#include <fmt/format.h>

#include "unit/db/test_cluster.h"

namespace machi::broker {
namespace {

using db::testing::execute;

/// A database with history of past months, and the job that keeps the rules of retention.
class HistoryRetentionTest : public testing::Test {
 protected:
  HistoryRetentionTest() : url_(db::testing::migrated_database()) {
    // Twelve past months.
    execute(
        url_,
        R"(select machi.ensure_partition('history', to_char(m, 'YYYYMM'), m at time zone 'utc', (m + interval '1 month') at time zone 'utc')
      from (select date_trunc('month', now() at time zone 'utc') - make_interval(months => n) as m from generate_series(2, 12) n) months)");
  }

  void add_entity(int key, std::string_view type) {
    execute(
        url_,
        fmt::format(
            "insert into machi.entity (tenant, entity_key, slot, version, created, modified, id, type, service_path, "
            "correlator, document, search) values (1, {0}, 0, 1, now(), now(), 'e{0}', '{1}', '/', '', '{{}}', '{{}}')",
            key, type));
  }
  /// `count` values of an entity, recorded `days` ago.
  void add_history(int key, int days, int count) {
    execute(url_,
            fmt::format(
                "insert into machi.history (tenant, entity_key, operation, kind, recorded, observed, attribute, type, "
                "value) "
                "select 1, {}, 0, 0, now() - interval '{} days', now(), 'a', 'Number', '1' from generate_series(1, {})",
                key, days, count));
  }
  void rule(std::string_view type, std::int64_t days) {
    execute(url_, fmt::format("insert into machi.resource (tenant, kind, name, document, modified_by) values (1, "
                              "'history_retention', '{0}', "
                              "'{{\"type\":\"{0}\",\"keep_seconds\":{1}}}', 'tester')",
                              type, days * 86400));
  }
  std::string left(int key) {
    return execute(url_, fmt::format("select count(*) from machi.history where entity_key = {}", key));
  }
  int months() {
    return std::stoi(execute(url_, "select count(*) from pg_inherits where inhparent = 'machi.history'::regclass"));
  }

  std::string keep(std::chrono::hours by_default = std::chrono::hours(0)) {
    Loop loop(1);
    db::Database database(loop, {.url = url_});
    std::string outcome;
    asio::co_spawn(loop, run_and_close(upkeep_jobs(database, by_default), &database, &outcome),
                   [](const std::exception_ptr& failure) {
                     if (failure) std::rethrow_exception(failure);
                   });
    loop.run_for(std::chrono::seconds(60));
    return outcome;
  }
  static Task<> run_and_close(std::vector<core::Job> jobs, db::Database* database, std::string* outcome) {
    for (const core::Job& job : jobs) {
      if (job.name != "history.retention") continue;
      auto done = co_await job.run();
      *outcome = done ? *done : done.error().message;
    }
    co_await database->close();
  }

  std::string url_;
};

TEST_F(HistoryRetentionTest, WithoutRulesEverythingStays) {
  add_entity(1, "Room");
  add_history(1, 300, 10);
  keep();
  EXPECT_EQ(left(1), "10");
}

TEST_F(HistoryRetentionTest, TheRuleOfATypeGoesBeforeThatOfAllAndBeforeTheDefault) {
  add_entity(1, "Room");
  add_entity(2, "Car");
  add_entity(3, "Tree");
  for (const int key : {1, 2, 3}) {
    for (const int days : {5, 20, 45}) add_history(key, days, 10);
  }
  rule("Room", 10);
  rule("*", 30);
  rule("Tree", 0);
  EXPECT_TRUE(keep(std::chrono::hours(24)).starts_with("30 values"));
  EXPECT_EQ(left(1), "10");
  EXPECT_EQ(left(2), "20");
  EXPECT_EQ(left(3), "30");
}

TEST_F(HistoryRetentionTest, DeletesInBoundedTransactions) {
  add_entity(1, "Room");
  add_history(1, 40, 12'000);
  add_history(1, 1, 10);
  rule("Room", 30);
  // Each transaction writes its number of deleted rows.
  execute(url_, R"(create table steps (n bigint);
    create function note_step() returns trigger language plpgsql as $$ begin
      insert into steps select count(*) from gone; return null; end $$;
    create trigger note_step after delete on machi.history referencing old table as gone
      for each statement execute function note_step())");
  keep();
  EXPECT_EQ(left(1), "10");
  EXPECT_EQ(execute(url_, "select max(n) <= 5000 and sum(n) = 12000 from steps"), "t");
}

TEST_F(HistoryRetentionTest, AMonthFallsWholeOnlyWhenEveryRuleAllows) {
  add_entity(1, "Room");
  add_entity(2, "Car");
  add_history(1, 300, 10);
  add_history(2, 300, 10);
  add_history(2, 200, 10);
  rule("Room", 100);
  rule("Car", 250);
  const int before = months();
  const std::string outcome = keep();
  // Months older than 250 days fall; of the younger ones Room's rows are deleted, and what is empty falls next time.
  EXPECT_TRUE(outcome.starts_with("0 values removed")) << outcome;
  EXPECT_LT(months(), before);
  EXPECT_EQ(left(1), "0");
  EXPECT_EQ(left(2), "10");
}

TEST_F(HistoryRetentionTest, OneEntityKeptForEverKeepsItsMonths) {
  add_entity(1, "Room");
  add_entity(2, "Tree");
  add_history(1, 300, 10);
  add_history(2, 300, 10);
  rule("Room", 100);
  keep();
  EXPECT_EQ(left(1), "0");
  EXPECT_EQ(left(2), "10");
  // Empty months have fallen; this one and the last two are there.
  EXPECT_GE(months(), 4);
}

TEST_F(HistoryRetentionTest, TheNameOfARemovedEntityGoesWithItsHistory) {
  execute(
      url_,
      "insert into machi.removed_entity (tenant, entity_key, id, type, service_path, removed) values "
      "(1, 1, 'e1', 'Room', '/', now() - interval '50 days'), (1, 2, 'e2', 'Car', '/', now() - interval '50 days')");
  add_history(1, 60, 3);
  add_history(2, 60, 3);
  rule("Room", 30);
  keep();
  EXPECT_EQ(left(1), "0");
  EXPECT_EQ(execute(url_, "select string_agg(id, ',') from machi.removed_entity"), "e2");
}

}  // namespace
}  // namespace machi::broker

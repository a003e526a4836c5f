#include "core/upkeep.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "unit/db/test_cluster.h"

namespace machi::core {
namespace {

using namespace std::chrono_literals;
using db::testing::execute;

/// A transaction of another session, open until the end of its scope.
class OpenTransaction {
 public:
  OpenTransaction(const std::string& url, const std::string& sql) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    PQclear(PQexec(connection_.get(), "begin"));
    PGresult* result = PQexec(connection_.get(), sql.c_str());
    EXPECT_EQ(PQresultStatus(result), PGRES_COMMAND_OK) << PQerrorMessage(connection_.get());
    PQclear(result);
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class UpkeepTest : public testing::Test {
 protected:
  /// What the job told, or the message of its failure; "absent" if there is no such job.
  std::string run(std::string_view job, Retention keep) {
    Loop loop(1);
    db::Database database(loop, {.url = url_});
    std::string outcome = "absent";
    asio::co_spawn(loop, run_and_close(upkeep_jobs(database, keep), job, &database, &outcome),
                   [](const std::exception_ptr& failure) {
                     if (failure) std::rethrow_exception(failure);
                   });
    loop.run_for(60s);
    return outcome;
  }
  static Task<> run_and_close(std::vector<Job> jobs, std::string_view name, db::Database* database,
                              std::string* outcome) {
    for (const Job& job : jobs) {
      if (job.name != name) continue;
      auto done = co_await job.run();
      *outcome = done ? *done : done.error().message;
    }
    co_await database->close();
  }

  std::string url_ = db::testing::migrated_database();
};

class LogPartitionTest : public UpkeepTest {
 protected:
  LogPartitionTest() {
    execute(url_,
            "select machi.ensure_partition('change_log', '2020010100', timestamp '2020-01-01 00:00', "
            "timestamp '2020-01-01 01:00')");
  }
  std::string partitions_of_2020() {
    return execute(url_, "select count(*) from pg_class where relname = 'change_log_2020010100'");
  }
};

TEST_F(LogPartitionTest, OneThatEveryConsumerHasPassedIsDropped) {
  EXPECT_EQ(partitions_of_2020(), "1");
  EXPECT_EQ(run("log.drop", {.change_log = 24h, .audit = 0ms}), "1 partitions dropped");
  EXPECT_EQ(partitions_of_2020(), "0");
}

TEST_F(LogPartitionTest, AReaderOfTheLogIsNotWaitedForBecauseEveryWriteWouldWaitBehind) {
  {
    const OpenTransaction reader(url_, "lock table machi.change_log in access share mode");
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(run("log.drop", {.change_log = 24h, .audit = 0ms}), "the database took too long; try again later");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
    EXPECT_EQ(partitions_of_2020(), "1");
  }
  EXPECT_EQ(run("log.drop", {.change_log = 24h, .audit = 0ms}), "1 partitions dropped");
}

class AuditRetentionTest : public UpkeepTest {
 protected:
  void add_records(int days, int count) {
    execute(url_, fmt::format("insert into machi.audit (recorded, principal, operation, resource, outcome, correlator) "
                              "select now() - interval '{} days', 'tester', 'o', 'r', 'ok', '' "
                              "from generate_series(1, {})",
                              days, count));
  }
  std::string records() { return execute(url_, "select count(*) from machi.audit"); }
};

TEST_F(AuditRetentionTest, RecordsOlderThanTheRetentionAreRemovedHoweverMany) {
  add_records(40, 12'000);
  add_records(20, 7);
  EXPECT_EQ(run("audit.retention", {.change_log = 24h, .audit = 30 * 24h}), "12000 audit records removed");
  EXPECT_EQ(records(), "7");
}

TEST_F(AuditRetentionTest, WithoutARetentionEveryRecordStays) {
  add_records(4000, 7);
  EXPECT_EQ(run("audit.retention", {.change_log = 24h, .audit = 0ms}), "absent");
  EXPECT_EQ(records(), "7");
}

}  // namespace
}  // namespace machi::core

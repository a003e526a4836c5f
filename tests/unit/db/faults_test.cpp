#include <fmt/format.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <thread>

#include "db/database.h"
#include "db/test_cluster.h"

// What the pools promise while their connections are shot from under them.
namespace machi::db {
namespace {

using namespace testing;

constexpr Statement kInsert{"test_fault_insert", "insert into test_fault values ($1) returning n"};
constexpr Statement kRead{"test_fault_read", "select $1::bigint"};
constexpr std::int64_t kWriters = 8;
constexpr std::int64_t kReaders = 16;
constexpr std::int64_t kRounds = 100;

struct Ledger {
  std::set<std::int64_t> confirmed;
  std::set<std::int64_t> denied;  ///< by an error that says that nothing was changed
  std::int64_t unknown = 0;
  std::int64_t wrong_reads = 0;
  std::int64_t left = kWriters + kReaders;
};

Task<> write_rows(Database& database, Ledger& ledger, std::int64_t writer) {
  for (std::int64_t round = 0; round < kRounds; ++round) {
    const std::int64_t number = writer * kRounds + round;
    Parameters parameters;
    parameters.add(number);
    std::vector<Call> calls = one_call(kInsert, std::move(parameters));
    auto rows = co_await database.transact(std::move(calls));
    if (rows) {
      EXPECT_EQ(rows->front().integer(0, 0), number);
      ledger.confirmed.insert(number);
    } else if (rows.error().code == ErrorCode::outcome_unknown) {
      ++ledger.unknown;
    } else {
      ledger.denied.insert(number);
    }
  }
  --ledger.left;
}

Task<> read_numbers(Database& database, Ledger& ledger) {
  for (std::int64_t round = 0; round < kRounds; ++round) {
    Parameters parameters;
    parameters.add(round);
    auto rows = co_await database.read(kRead, std::move(parameters));
    const bool refused = !rows && rows.error().code == ErrorCode::busy;
    if (!refused && (!rows || rows->integer(0, 0) != round)) ++ledger.wrong_reads;
  }
  --ledger.left;
}

/// Ends one session of Machi after the other.
std::jthread shoot_connections() {
  return std::jthread([](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      execute(database_url(),
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'machi' and "
              "backend_type = 'client backend' order by random() limit 1");
    }
  });
}

/// How many of these rows are in the table.
std::size_t count_of(const std::set<std::int64_t>& numbers) {
  const std::string sql =
      fmt::format("select count(*) from test_fault where n = any('{{{}}}')", fmt::join(numbers, ","));
  return std::stoul(execute(database_url(), sql));
}

TEST(Faults, WritesAreConfirmedIfAndOnlyIfTheyHappened) {
  execute(database_url(), "create table test_fault (n bigint unique)");
  static Ledger ledger;
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions options;
    options.url = database_url();
    Database database(loop, options);
    const auto shooter = shoot_connections();
    for (std::int64_t i = 0; i < kWriters; ++i) {
      asio::co_spawn(loop, write_rows(database, ledger, i), [](const std::exception_ptr& e) { EXPECT_FALSE(e); });
    }
    for (std::int64_t i = 0; i < kReaders; ++i) {
      asio::co_spawn(loop, read_numbers(database, ledger), [](const std::exception_ptr& e) { EXPECT_FALSE(e); });
    }
    asio::steady_timer pause(loop);
    while (ledger.left > 0) {
      pause.expires_after(5ms);
      co_await pause.async_wait(asio::use_awaitable_t<Loop::executor_type>{});
    }
    EXPECT_EQ(database.gauges().reads_waiting, 0U);
    EXPECT_EQ(database.gauges().writes_waiting, 0U);
    co_await database.close();
  });
  EXPECT_EQ(ledger.wrong_reads, 0);
  EXPECT_GT(ledger.confirmed.size(), 0U);
  EXPECT_EQ(static_cast<std::int64_t>(ledger.confirmed.size() + ledger.denied.size()) + ledger.unknown,
            kWriters * kRounds);
  EXPECT_EQ(count_of(ledger.confirmed), ledger.confirmed.size());
  EXPECT_EQ(count_of(ledger.denied), 0U);
  fmt::print("confirmed {}, denied {}, unknown {}\n", ledger.confirmed.size(), ledger.denied.size(), ledger.unknown);
}

}  // namespace
}  // namespace machi::db

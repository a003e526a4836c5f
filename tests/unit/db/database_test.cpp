#include "db/database.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fstream>
#include <numeric>

#include <boost/asio/redirect_error.hpp>

#include "db/test_cluster.h"

namespace machi::db {
namespace {

using namespace testing;
using asio::experimental::awaitable_operators::operator&&;

constexpr Statement kNumber{"test_number", "select $1::bigint"};
constexpr Statement kInverse{"test_inverse", "select 100 / $1::bigint"};
constexpr Statement kBackend{"test_database_backend", "select pg_backend_pid()"};
constexpr Statement kStatementsSoFar{"test_statements", "select $1::bigint, pg_current_xact_id_if_assigned(), now()"};

DatabaseOptions options() {
  DatabaseOptions result;
  result.url = database_url();
  return result;
}

ErrorCode code_of(const auto& result) {
  return result ? ErrorCode::not_found : result.error().code;
}

/// Many reads of one turn; their results in order.
Task<std::vector<Result<Rows>>> read_all(Loop& loop, Database& database, const Statement& statement,
                                         std::vector<std::int64_t> numbers) {
  std::vector<Result<Rows>> results(numbers.size());
  std::size_t open = numbers.size();
  asio::steady_timer all_done(loop, std::chrono::steady_clock::time_point::max());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Parameters parameters;
    parameters.add(numbers[i]);
    asio::co_spawn(loop, database.read(statement, std::move(parameters)),
                   [&, i](const std::exception_ptr&, Result<Rows> rows) {
                     results[i] = std::move(rows);
                     if (--open == 0) all_done.cancel();
                   });
  }
  boost::system::error_code cancelled;  // when all are done
  co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable_t<Loop::executor_type>{}, cancelled));
  co_return results;
}

TEST(Database, ReadsOfOneTurnShareATransaction) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions one = options();
    one.read_connections = 1;
    Database database(loop, one);
    std::vector<std::int64_t> numbers(64);
    std::iota(numbers.begin(), numbers.end(), 0);
    auto results = co_await read_all(loop, database, kStatementsSoFar, numbers);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(results[i].has_value());
      if (!results[i]) continue;
      EXPECT_EQ(results[i]->integer(0, 0), numbers[i]);
      EXPECT_EQ(results[i]->text(0, 2), results[0]->text(0, 2)) << "now() is the time of the transaction";
    }
    co_await database.close();
  });
}

TEST(Database, AFailingReadHarmsNoOther) {
  on_loop([](Loop& loop) -> Task<> {
    Database database(loop, options());
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < 300; ++i) numbers.push_back(i % 7 == 3 ? 0 : i + 1);
    auto results = co_await read_all(loop, database, kInverse, numbers);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_EQ(results[i].has_value(), numbers[i] != 0);
      if (results[i]) EXPECT_EQ(results[i]->integer(0, 0), 100 / numbers[i]);
      if (!results[i]) EXPECT_EQ(results[i].error().code, ErrorCode::bad_request);
    }
    EXPECT_EQ(database.gauges().reads_waiting, 0U);
    co_await database.close();
  });
}

TEST(Database, ReadsBeyondTheLimitAreRefused) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions few = options();
    few.read_waiting = 10;
    Database database(loop, few);
    auto results = co_await read_all(loop, database, kNumber, std::vector<std::int64_t>(25, 1));
    const auto refused = std::count_if(results.begin(), results.end(), [](const auto& r) { return !r; });
    EXPECT_EQ(refused, 15);
    EXPECT_EQ(code_of(results[24]), ErrorCode::busy);
    co_await database.close();
  });
}

TEST(Database, ReadsSurviveTheLossOfTheirConnections) {
  on_loop([](Loop& loop) -> Task<> {
    Database database(loop, options());
    for (int round = 0; round < 3; ++round) {
      auto before = co_await read_all(loop, database, kNumber, {1, 2, 3});
      EXPECT_TRUE(before[0].has_value());
      execute(database_url(),
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'machi' and "
              "backend_type = 'client backend'");
      auto after = co_await read_all(loop, database, kNumber, std::vector<std::int64_t>(100, 5));
      for (const auto& rows : after) EXPECT_TRUE(rows.has_value());
    }
    co_await database.close();
  });
}

TEST(Database, ReadsOfADatabaseThatIsGoneAreBusyInTime) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions gone;
    gone.url = "host=/nonexistent";
    gone.answer_time = 300ms;
    Database database(loop, gone);
    const auto begin = std::chrono::steady_clock::now();
    auto results = co_await read_all(loop, database, kNumber, {1});
    EXPECT_EQ(code_of(results[0]), ErrorCode::busy);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    auto lease = co_await database.write_connection();
    EXPECT_EQ(code_of(lease), ErrorCode::busy);
    co_await database.close();
  });
}

TEST(Database, SlowQueriesTakeRunTimeSqlAndHaveATimeLimit) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions hasty = options();
    hasty.slow_time = 200ms;
    Database database(loop, hasty);
    Parameters parameters;
    parameters.add(5);
    auto rows = co_await database.slow("select generate_series(1, $1::bigint)", std::move(parameters));
    EXPECT_TRUE(rows.has_value());
    if (rows) EXPECT_EQ(rows->size(), 5U);
    auto late = co_await database.slow("select pg_sleep(30)", Parameters());
    EXPECT_EQ(code_of(late), ErrorCode::timeout);
    auto plans = co_await database.slow("show plan_cache_mode", Parameters());
    EXPECT_EQ(plans->text(0, 0), "force_custom_plan");
    co_await database.close();
  });
}

/// The priority that the kernel's scheduler gives to the session of a process among the others, as /proc tells it.
std::string session_priority(std::int64_t process) {
  std::ifstream file(fmt::format("/proc/{}/autogroup", process));
  std::string name;
  std::string word;
  std::string nice;
  file >> name >> word >> nice;
  return nice;
}

TEST(Database, SlowQueriesOfAServerOnThisMachineGiveWay) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions here = options();
    here.on_this_machine = true;
    Database database(loop, here);
    auto slow = co_await database.slow("select pg_backend_pid()", Parameters());
    auto read = co_await database.read(kBackend, Parameters());
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(slow->integer(0, 0))), 15);
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(read->integer(0, 0))), 0);
    // Kernels without sessions that count have no such file.
    const std::string ordinary = session_priority(read->integer(0, 0));
    if (!ordinary.empty()) {
      asio::steady_timer pause(loop);
      for (int tries = 0; tries < 500 && session_priority(slow->integer(0, 0)) == ordinary; ++tries) {
        pause.expires_after(10ms);
        co_await pause.async_wait(asio::use_awaitable_t<Loop::executor_type>{});
      }
      EXPECT_EQ(session_priority(slow->integer(0, 0)), "15");
    }
    co_await database.close();
  });
}

TEST(Database, SlowQueriesBeyondTheLimitAreRefused) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions narrow = options();
    narrow.slow_connections = 1;
    narrow.slow_waiting = 2;
    Database database(loop, narrow);
    // The first opens the connection, so it waits too.
    auto a = database.slow("select 1", Parameters());
    auto b = database.slow("select 2", Parameters());
    auto c = database.slow("select 3", Parameters());
    auto [first, second, third] = co_await (std::move(a) && std::move(b) && std::move(c));
    EXPECT_TRUE(first.has_value());
    EXPECT_TRUE(second.has_value());
    EXPECT_EQ(code_of(third), ErrorCode::busy);
    co_await database.close();
  });
}

TEST(Database, LeasesAreExclusiveAndGrowWithTheWork) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions two = options();
    two.write_connections = 2;
    Database database(loop, two);
    auto first = co_await database.write_connection();
    auto second = co_await database.write_connection();
    auto a = co_await (*first)->run(one_call(kBackend), 5000ms);
    auto b = co_await (*second)->run(one_call(kBackend), 5000ms);
    EXPECT_NE(a->front().integer(0, 0), b->front().integer(0, 0));
    EXPECT_EQ(database.gauges().connections, 2U);

    // Both are lent: the third waits until one comes back, and gets that one.
    std::optional<std::int64_t> backend;
    auto third = [](Database& d, std::optional<std::int64_t>& found) -> Task<> {
      auto lease = co_await d.write_connection();
      auto rows = co_await (*lease)->run(one_call(kBackend), 5000ms);
      found = rows->front().integer(0, 0);
    };
    asio::co_spawn(loop, third(database, backend), [](const std::exception_ptr&) {});
    co_await asio::post(loop, kUseTask);
    EXPECT_EQ(database.gauges().writes_waiting, 1U);
    {
      auto returned = std::move(*first);
    }
    while (!backend) co_await asio::post(loop, kUseTask);
    EXPECT_EQ(*backend, a->front().integer(0, 0));
    {
      auto returned = std::move(*second);
    }
    co_await database.close();
  });
}

TEST(Database, WriteConnectionsThatRestCloseAllButOne) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions resting = options();
    resting.write_connections = 4;
    resting.idle_time = 100ms;
    Database database(loop, resting);
    {
      auto first = co_await database.write_connection();
      auto second = co_await database.write_connection();
      auto third = co_await database.write_connection();
      EXPECT_TRUE(first && second && third);
      EXPECT_EQ(database.gauges().connections, 3U);
    }
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (database.gauges().connections > 1 && std::chrono::steady_clock::now() < deadline)
      co_await asio::post(loop, kUseTask);
    EXPECT_EQ(database.gauges().connections, 1U);
    // The one that is left serves, and others are opened again when they are needed.
    auto first = co_await database.write_connection();
    auto second = co_await database.write_connection();
    auto rows = co_await (*second)->run(one_call(kBackend), 5000ms);
    EXPECT_TRUE(rows.has_value());
    {
      auto returned = std::move(*first);
      auto other = std::move(*second);
    }
    co_await database.close();
  });
}

TEST(Database, ALeaseLeftInsideATransactionIsRolledBack) {
  execute(database_url(), "create table test_left_open (n bigint)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert_left_open", "insert into test_left_open values (1)"};
    static constexpr Statement kCount{"test_count_left_open", "select count(*) from test_left_open"};
    DatabaseOptions one = options();
    one.write_connections = 1;
    Database database(loop, one);
    {
      auto lease = co_await database.write_connection();
      std::vector<Call> calls;
      calls.push_back({&kBegin});
      calls.push_back({&kInsert});
      auto run = co_await (*lease)->run(std::move(calls), 5000ms);
      EXPECT_TRUE(run.has_value());
    }
    auto lease = co_await database.write_connection();
    auto rows = co_await (*lease)->run(one_call(kCount), 5000ms);
    EXPECT_EQ(rows->front().integer(0, 0), 0);
    {
      auto returned = std::move(*lease);
    }
    co_await database.close();
  });
}

TEST(Database, ABrokenLeaseIsReplaced) {
  on_loop([](Loop& loop) -> Task<> {
    DatabaseOptions one = options();
    one.write_connections = 1;
    Database database(loop, one);
    for (int round = 0; round < 3; ++round) {
      auto lease = co_await database.write_connection();
      EXPECT_TRUE(lease.has_value());
      if (!lease) break;
      static constexpr Statement kSuicide{"test_suicide", "select pg_terminate_backend(pg_backend_pid())"};
      auto run = co_await (*lease)->run(one_call(kSuicide), 5000ms);
      EXPECT_EQ(code_of(run), ErrorCode::busy);
    }
    co_await database.close();
  });
}

TEST(Database, TransactCommitsAllOrNothingAndGivesTheRows) {
  execute(database_url(), "create table test_transact (n bigint unique)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert_transact", "insert into test_transact values ($1) returning n * 2"};
    Database database(loop, options());
    std::vector<Call> good;
    good.push_back({&kInsert, Parameters().add(1)});
    good.push_back({&kInsert, Parameters().add(2)});
    auto rows = co_await database.transact(std::move(good));
    EXPECT_TRUE(rows.has_value());
    if (rows) EXPECT_EQ(rows->size(), 2U);
    if (rows) EXPECT_EQ(rows->back().integer(0, 0), 4);
    std::vector<Call> colliding;
    colliding.push_back({&kInsert, Parameters().add(3)});
    colliding.push_back({&kInsert, Parameters().add(1)});
    auto collided = co_await database.transact(std::move(colliding));
    EXPECT_EQ(code_of(collided), ErrorCode::conflict);
    co_await database.close();
  });
  EXPECT_EQ(execute(database_url(), "select string_agg(n::text, ',' order by n) from test_transact"), "1,2");
}

TEST(Database, WasCommittedKnowsTheFateOfATransaction) {
  execute(database_url(), "create table test_fate (n bigint)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert_fate", "insert into test_fate values (1)"};
    Database database(loop, options());
    auto lease = co_await database.write_connection();
    for (const Statement* end : {&kCommit, &kRollback}) {
      std::vector<Call> calls;
      calls.push_back({&kBegin});
      calls.push_back({&kTransactionMark});
      calls.push_back({&kInsert});
      calls.push_back({end});
      auto run = co_await (*lease)->run(std::move(calls), 5000ms);
      EXPECT_TRUE(run.has_value());
      auto fate = co_await database.was_committed(std::string((*run)[1].text(0, 0)), 2000ms);
      EXPECT_TRUE(fate.has_value());
      EXPECT_EQ(fate.value_or(false), end == &kCommit);
    }
    auto never = co_await database.was_committed("9999999999", 2000ms);
    EXPECT_TRUE(never.has_value());
    EXPECT_FALSE(never.value_or(true));
    auto earlier_times = co_await database.was_committed("1@0", 2000ms);
    EXPECT_EQ(code_of(earlier_times), ErrorCode::outcome_unknown);
    {
      auto returned = std::move(*lease);
    }
    co_await database.close();
  });
}

TEST(Database, AnOpenTransactionHasNoFateYet) {
  on_loop([](Loop& loop) -> Task<> {
    Database database(loop, options());
    auto lease = co_await database.write_connection();
    std::vector<Call> calls;
    calls.push_back({&kBegin});
    calls.push_back({&kTransactionMark});
    auto begun = co_await (*lease)->run(std::move(calls), 5000ms);
    auto fate = co_await database.was_committed(std::string((*begun)[1].text(0, 0)), 150ms);
    EXPECT_EQ(code_of(fate), ErrorCode::outcome_unknown);
    {
      auto returned = std::move(*lease);
    }
    co_await database.close();
  });
}

TEST(Database, AfterCloseEveryCallIsBusy) {
  on_loop([](Loop& loop) -> Task<> {
    Database database(loop, options());
    auto before = co_await database.read(kNumber, std::move(Parameters().add(1)));
    EXPECT_TRUE(before.has_value());
    co_await database.close();
    auto read = co_await database.read(kNumber, std::move(Parameters().add(1)));
    EXPECT_EQ(code_of(read), ErrorCode::busy);
    auto slow = co_await database.slow("select 1", Parameters());
    EXPECT_EQ(code_of(slow), ErrorCode::busy);
    auto lease = co_await database.write_connection();
    EXPECT_EQ(code_of(lease), ErrorCode::busy);
    EXPECT_EQ(database.gauges().connections, 0U);
  });
}

TEST(Database, TextWithNulIsRefused) {
  on_loop([](Loop& loop) -> Task<> {
    Database database(loop, options());
    Parameters parameters;
    parameters.add(std::string_view("1\0", 2));
    auto read = co_await database.read(kNumber, std::move(parameters));
    EXPECT_EQ(code_of(read), ErrorCode::bad_request);
    co_await database.close();
  });
}

}  // namespace
}  // namespace machi::db

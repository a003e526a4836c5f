#include "db/connection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <thread>

#include "db/test_cluster.h"

namespace machi::db {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using asio::experimental::awaitable_operators::operator&&;

constexpr Statement kSelectNumber{"test_select_number", "select $1::bigint + 1"};
constexpr Statement kDivide{"test_divide", "select 1 / $1::bigint"};
constexpr Statement kSleep{"test_sleep", "select pg_sleep($1::float8)"};
constexpr Statement kBackend{"test_backend", "select pg_backend_pid()"};
constexpr Statement kNoTable{"test_no_table", "select * from test_that_is_nowhere"};
constexpr Statement kDocuments{"test_documents", "select repeat('x', 100000) from generate_series(1, $1::bigint)"};
constexpr Statement kListen{"test_listen", "listen test_channel"};
constexpr Statement kNotify{"test_notify", "select pg_notify('test_channel', $1)"};

Task<std::unique_ptr<Connection>> open(Loop& loop) {
  auto connection = co_await Connection::connect(loop, database_url(), 5000ms);
  EXPECT_TRUE(connection.has_value());
  co_return std::move(*connection);
}

ErrorCode code_of(const Result<std::vector<Rows>>& result) {
  return result ? ErrorCode::not_found : result.error().code;
}

TEST(Connection, RunGivesTheRowsOfEachCallInOrder) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    std::vector<Call> calls;
    for (int i = 0; i < 100; ++i) calls.push_back({&kSelectNumber, Parameters().add(i)});
    auto rows = co_await connection->run(std::move(calls), 5000ms);
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    EXPECT_EQ(rows->size(), 100U);
    for (std::size_t i = 0; i < rows->size(); ++i)
      EXPECT_EQ((*rows)[i].integer(0, 0), static_cast<std::int64_t>(i) + 1);
  });
}

TEST(Connection, RunsThatOverlapEachGetTheirOwnAnswer) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    auto first = connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    auto second = connection->run(one_call(kDivide, Parameters().add(0)), 5000ms);
    auto third = connection->run(one_call(kSelectNumber, Parameters().add(3)), 5000ms);
    auto [a, b, c] = co_await (std::move(first) && std::move(second) && std::move(third));
    EXPECT_EQ(a->front().integer(0, 0), 2);
    EXPECT_EQ(code_of(b), ErrorCode::bad_request);
    EXPECT_EQ(c->front().integer(0, 0), 4);
  });
}

TEST(Connection, AnErrorUndoesTheOtherCallsOfItsRun) {
  execute(database_url(), "create table test_undone (n bigint)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert", "insert into test_undone values ($1)"};
    auto connection = co_await open(loop);
    std::vector<Call> calls;
    calls.push_back({&kInsert, Parameters().add(1)});
    calls.push_back({&kDivide, Parameters().add(0)});
    calls.push_back({&kInsert, Parameters().add(2)});
    auto failed = co_await connection->run(std::move(calls), 5000ms);
    EXPECT_EQ(code_of(failed), ErrorCode::bad_request);
    auto after = co_await connection->run(one_call(kInsert, Parameters().add(3)), 5000ms);
    EXPECT_TRUE(after.has_value());
    if (after) EXPECT_EQ(after->front().affected(), 1);
  });
  EXPECT_EQ(execute(database_url(), "select string_agg(n::text, ',') from test_undone"), "3");
}

TEST(Connection, AnExplicitTransactionSpansRuns) {
  execute(database_url(), "create table test_spanned (n bigint)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert_spanned", "insert into test_spanned values ($1)"};
    auto connection = co_await open(loop);
    for (const Statement* end : {&kRollback, &kCommit}) {
      std::vector<Call> first;
      first.push_back({&kBegin});
      first.push_back({&kInsert, Parameters().add(end == &kCommit ? 1 : 2)});
      auto begun = co_await connection->run(std::move(first), 5000ms);
      EXPECT_TRUE(begun.has_value());
      auto ended = co_await connection->run(one_call(*end), 5000ms);
      EXPECT_TRUE(ended.has_value());
    }
  });
  EXPECT_EQ(execute(database_url(), "select string_agg(n::text, ',') from test_spanned"), "1");
}

TEST(Connection, AFailedTransactionGoesOnAfterRollback) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    std::vector<Call> calls;
    calls.push_back({&kBegin});
    calls.push_back({&kDivide, Parameters().add(0)});
    auto failed = co_await connection->run(std::move(calls), 5000ms);
    EXPECT_EQ(code_of(failed), ErrorCode::bad_request);
    auto rolled_back = co_await connection->run(one_call(kRollback), 5000ms);
    EXPECT_TRUE(rolled_back.has_value());
    auto after = co_await connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    EXPECT_TRUE(after.has_value());
  });
}

TEST(Connection, AStatementThatCannotBePreparedFailsAloneAndIsTriedAgain) {
  execute(database_url(), "drop table if exists test_that_is_nowhere");
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    std::vector<Call> calls;
    calls.push_back({&kNoTable});
    calls.push_back({&kSelectNumber, Parameters().add(1)});
    auto failed = co_await connection->run(std::move(calls), 5000ms);
    EXPECT_EQ(code_of(failed), ErrorCode::internal);
    auto other = co_await connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    EXPECT_TRUE(other.has_value());
    execute(database_url(), "create table test_that_is_nowhere ()");
    auto again = co_await connection->run(one_call(kNoTable), 5000ms);
    EXPECT_TRUE(again.has_value());
  });
}

TEST(Connection, AStatementWhoseResultChangedIsPreparedAnew) {
  execute(database_url(), "create table test_widened (a bigint); insert into test_widened values (1)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kAll{"test_all_widened", "select * from test_widened"};
    auto connection = co_await open(loop);
    auto before = co_await connection->run(one_call(kAll), 5000ms);
    EXPECT_TRUE(before.has_value());
    execute(database_url(), "alter table test_widened add b bigint default 7");
    auto stale = co_await connection->run(one_call(kAll), 5000ms);
    EXPECT_EQ(code_of(stale), ErrorCode::conflict);
    auto after = co_await connection->run(one_call(kAll), 5000ms);
    EXPECT_TRUE(after.has_value());
    if (after) EXPECT_EQ(after->front().integer(0, 1), 7);
  });
}

TEST(Connection, AnErrorAtTheEndOfTheTransactionIsReported) {
  execute(database_url(), "create table test_deferred (n bigint unique deferrable initially deferred)");
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kInsert{"test_insert_deferred", "insert into test_deferred values (1)"};
    auto connection = co_await open(loop);
    std::vector<Call> calls;
    calls.push_back({&kInsert});
    calls.push_back({&kInsert});
    auto failed = co_await connection->run(std::move(calls), 5000ms);
    EXPECT_EQ(code_of(failed), ErrorCode::conflict);
    auto after = co_await connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    EXPECT_TRUE(after.has_value());
  });
}

TEST(Connection, ARunPastItsDeadlineIsCancelledAndTheConnectionGoesOn) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    const auto begin = std::chrono::steady_clock::now();
    auto late = co_await connection->run(one_call(kSleep, Parameters().add(30.0)), 50ms);
    EXPECT_EQ(code_of(late), ErrorCode::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    EXPECT_TRUE(connection->is_usable());
    auto after = co_await connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    EXPECT_TRUE(after.has_value());
  });
}

TEST(Connection, RunsBehindACancelledOneAreNotCancelled) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    auto late = connection->run(one_call(kSleep, Parameters().add(30.0)), 50ms);
    auto next = connection->run(one_call(kSleep, Parameters().add(0.05)), 5000ms);
    auto [a, b] = co_await (std::move(late) && std::move(next));
    EXPECT_EQ(code_of(a), ErrorCode::timeout);
    EXPECT_TRUE(b.has_value() || b.error().code == ErrorCode::busy) << b.error().message;
  });
}

/// Ends the session of a backend once its statement sleeps.
std::jthread end_when_asleep(std::int64_t process, std::string how) {
  return std::jthread([process, how = std::move(how)] {
    const std::string asleep =
        fmt::format("select wait_event from pg_stat_activity where pid = {} and state = 'active'", process);
    EXPECT_TRUE(becomes(database_url(), asleep, "PgSleep"));
    execute(database_url(), fmt::format(fmt::runtime(how), process));
  });
}

TEST(Connection, ASessionThatTheServerEndsDuringARunDidNothing) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    auto backend = co_await connection->run(one_call(kBackend), 5000ms);
    const auto killer = end_when_asleep(backend->front().integer(0, 0), "select pg_terminate_backend({})");
    auto result = co_await connection->run(one_call(kSleep, Parameters().add(30.0)), 20000ms);
    EXPECT_EQ(code_of(result), ErrorCode::busy);
    EXPECT_FALSE(connection->is_usable());
    auto after = co_await connection->run(one_call(kBackend), 5000ms);
    EXPECT_EQ(code_of(after), ErrorCode::busy);
  });
}

TEST(Connection, AnIdleConnectionNoticesThatItIsLost) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await open(loop);
    auto backend = co_await connection->run(one_call(kBackend), 5000ms);
    execute(database_url(), fmt::format("select pg_terminate_backend({})", backend->front().integer(0, 0)));
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (connection->is_usable() && std::chrono::steady_clock::now() < deadline) {
      co_await asio::post(loop, kUseTask);
    }
    EXPECT_FALSE(connection->is_usable());
  });
}

TEST(Connection, NotificationsReachTheCallback) {
  on_loop([](Loop& loop) -> Task<> {
    auto listener = co_await open(loop);
    auto sender = co_await open(loop);
    std::vector<std::string> heard;
    listener->on_notification([&heard](std::string_view channel, std::string_view payload) {
      heard.push_back(fmt::format("{}: {}", channel, payload));
    });
    auto listening = co_await listener->run(one_call(kListen), 5000ms);
    EXPECT_TRUE(listening.has_value());
    auto sent = co_await sender->run(one_call(kNotify, Parameters().add("one")), 5000ms);
    EXPECT_TRUE(sent.has_value());
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (heard.empty() && std::chrono::steady_clock::now() < deadline) co_await asio::post(loop, kUseTask);
    EXPECT_THAT(heard, ElementsAre("test_channel: one"));
  });
}

TEST(Connection, LargeTrafficBothWaysDoesNotBlock) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kLength{"test_length", "select length($1::text)"};
    auto connection = co_await open(loop);
    const std::string large(2'000'000, 'y');
    std::vector<Call> calls;
    for (int i = 0; i < 20; ++i) {
      calls.push_back({&kLength, Parameters().add(large)});
      calls.push_back({&kDocuments, Parameters().add(20)});
    }
    auto rows = co_await connection->run(std::move(calls), 30000ms);
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    EXPECT_EQ((*rows)[38].integer(0, 0), 2'000'000);
    EXPECT_EQ((*rows)[39].size(), 20U);
    EXPECT_EQ((*rows)[39].text(19, 0).size(), 100'000U);
  });
}

TEST(Connection, ConnectingToNothingIsBusy) {
  on_loop([](Loop& loop) -> Task<> {
    auto connection = co_await Connection::connect(loop, "host=/nonexistent dbname=machi", 1000ms);
    EXPECT_FALSE(connection.has_value());
    if (!connection) EXPECT_EQ(connection.error().code, ErrorCode::busy);
  });
}

TEST(Connection, TwoStatementsOfOneNameAreRefused) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kImpostor{"test_select_number", "select 42"};
    auto connection = co_await open(loop);
    auto first = co_await connection->run(one_call(kSelectNumber, Parameters().add(1)), 5000ms);
    EXPECT_TRUE(first.has_value());
    auto second = co_await connection->run(one_call(kImpostor), 5000ms);
    EXPECT_EQ(code_of(second), ErrorCode::internal);
  });
}

}  // namespace
}  // namespace machi::db

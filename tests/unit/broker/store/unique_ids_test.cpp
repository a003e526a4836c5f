#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <boost/asio/co_spawn.hpp>
#include <thread>

#include "broker/store/postgres_entity_store.h"
#include "db/migrations.h"
#include "unit/db/test_cluster.h"

namespace machi::broker {
namespace {

using db::testing::execute;
using Outcomes = std::vector<Result<ChangeOutcome>>;

constexpr int kIds = 400;

/// Two nodes over one database that make the same ids at the same time.
class UniqueIdsTest : public testing::Test {
 protected:
  UniqueIdsTest() : url_(db::testing::new_database()) {
    EXPECT_TRUE(db::ensure_extensions(url_));
    EXPECT_TRUE(db::migrate(url_, db::all_migrations()));
  }

  struct Node {
    Node(Loop& loop, const std::string& url, const TenantRules& rules)
        : database(loop, {.url = url}),
          store(database, rules, {.batch_size = 8}, {&counters[0], &counters[1], &counters[2]}, [] {}) {}
    std::array<core::Counter, 3> counters;
    db::Database database;
    PostgresEntityStore store;
  };

  static std::vector<EntityChange> creations(const std::string& type) {
    std::vector<EntityChange> changes;
    for (int i = 0; i < kIds; ++i) {
      EntityChange c;
      c.tenant = TenantId{1};
      // Each node in an order of its own, so that locks would be taken crosswise.
      const int number = type == "A" ? i : (i ^ 7);
      c.id = "e" + std::to_string(number);
      c.type = type;
      c.action = ChangeAction::create;
      changes.push_back(std::move(c));
    }
    return changes;
  }

  static Task<> create_and_close(Node* node, std::vector<EntityChange> changes, Outcomes* outcomes) {
    auto done = co_await node->store.change_all(std::move(changes));
    *outcomes = std::move(done);
    co_await node->store.close();
    co_await node->database.close();
  }

  void run(bool unique) {
    TenantRules rules;
    rules.set(TenantId{1}, {unique});
    Loop loop(1);
    Node a(loop, url_, rules);
    Node b(loop, url_, rules);
    const auto rethrow = [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    };
    asio::co_spawn(loop, create_and_close(&a, creations("A"), &of_a_), rethrow);
    asio::co_spawn(loop, create_and_close(&b, creations("B"), &of_b_), rethrow);
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "the nodes did not end within a minute";
  }

  std::string url_;
  Outcomes of_a_, of_b_;
};

TEST_F(UniqueIdsTest, TwoNodesThatMakeTheSameIdsMakeEachOnce) {
  run(true);
  ASSERT_EQ(of_a_.size(), std::size_t{kIds});
  ASSERT_EQ(of_b_.size(), std::size_t{kIds});
  int made = 0;
  for (const Outcomes* outcomes : {&of_a_, &of_b_}) {
    for (const auto& outcome : *outcomes) {
      if (outcome) ++made;
      if (!outcome) EXPECT_EQ(outcome.error().code, ErrorCode::already_exists) << outcome.error().message;
    }
  }
  EXPECT_EQ(made, kIds);
  EXPECT_EQ(execute(url_, "select count(*) = count(distinct id) and count(*) = 400 from machi.entity"), "t");
}

TEST_F(UniqueIdsTest, ACreationWaitsForAnotherOfItsIdAndIsRefused) {
  // Another node has inserted the entity with another type, and has not committed.
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(url_.c_str()), &PQfinish);
  const auto execute_there = [&](const char* sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> done(PQexec(other.get(), sql), &PQclear);
    EXPECT_STREQ(PQresultErrorMessage(done.get()), "");
  };
  execute_there("begin; select machi.claim_ids('{1}', '{e0}', '{900000}')");
  execute_there(
      "insert into machi.entity (tenant, entity_key, slot, version, created, modified, id, type, service_path, "
      "correlator, document, "
      "search) values (1, 900000, 0, 1, now(), now(), 'e0', 'B', '/', '', '{}', '{}')");
  const std::jthread committer([&] {
    EXPECT_TRUE(
        db::testing::becomes(url_, "select count(*) from pg_locks where locktype = 'advisory' and not granted", "1"));
    execute_there("commit");
  });
  Loop loop(1);
  TenantRules rules;
  Node node(loop, url_, rules);
  Outcomes outcomes;
  auto first = creations("A");
  first.resize(1);
  asio::co_spawn(loop, create_and_close(&node, std::move(first), &outcomes), [](const std::exception_ptr&) {});
  loop.run_for(std::chrono::seconds(60));
  ASSERT_EQ(outcomes.size(), 1U);
  ASSERT_FALSE(outcomes[0]);
  EXPECT_EQ(outcomes[0].error().code, ErrorCode::already_exists);
  EXPECT_EQ(execute(url_, "select string_agg(type, ',') from machi.entity"), "B");
}

TEST_F(UniqueIdsTest, WithoutTheRuleBothAreMade) {
  run(false);
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), std::to_string(2 * kIds));
}

}  // namespace
}  // namespace machi::broker

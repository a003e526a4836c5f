#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

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

  static Task<> create_and_close(Node* node, std::string type, Outcomes* outcomes) {
    auto done = co_await node->store.change_all(creations(type));
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
    asio::co_spawn(loop, create_and_close(&a, "A", &of_a_), rethrow);
    asio::co_spawn(loop, create_and_close(&b, "B", &of_b_), rethrow);
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "the nodes did not end within a minute";
  }

  std::string url_;
  Outcomes of_a_, of_b_;
};

TEST_F(UniqueIdsTest, OfTwoNodesThatMakeAnIdAtOnceOneIsRefused) {
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
  EXPECT_NE(execute(url_, "select count(distinct type) from machi.entity"), "1")
      << "one node came before the other: nothing is shown";
}

TEST_F(UniqueIdsTest, WithoutTheRuleBothAreMade) {
  run(false);
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), std::to_string(2 * kIds));
}

}  // namespace
}  // namespace machi::broker

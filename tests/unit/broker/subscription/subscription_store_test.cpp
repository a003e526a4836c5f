#include "broker/subscription/subscription_store.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "broker/subscription/subscription_json.h"
#include "broker/subscription/subscription_parser.h"
#include "unit/db/test_cluster.h"

namespace machi::broker {
namespace {

using db::testing::execute;

constexpr std::string_view kBody = R"({"subject":{"entities":[{"idPattern":".*"}]},"notification":{"mqtt":{
  "url":"mqtt://localhost","topic":"/t","user":"u","passwd":"hush-hush"}}})";

/// A store of subscriptions over a database of its own.
class SubscriptionStoreTest : public testing::Test {
 protected:
  using Test = std::function<Task<>(SubscriptionStore&)>;

  SubscriptionStoreTest() : url_(db::testing::migrated_database()) {}

  /// Runs `test` with a node's store; nodes of different `key` letters have different keys.
  void run(const Test& test, char key = 'k') {
    Loop loop(1);
    db::DatabaseOptions options;
    options.url = url_;
    db::Database database(loop, options);
    SubscriptionStore store(database, std::make_shared<const SecretBox>(std::string(SecretBox::kKeyBytes, key)));
    asio::co_spawn(loop, body(&test, &store, &database), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "the test did not end within a minute";
  }

  static Task<> body(const Test* test, SubscriptionStore* store, db::Database* database) {
    co_await (*test)(*store);
    co_await database->close();
  }

  static Subscription with_password() {
    auto parsed = parse_subscription(kBody);
    EXPECT_TRUE(parsed) << parsed.error().message;
    parsed->tenant = TenantId{1};
    parsed->id = "5f8d1e2b3c4d5e6f7a8b9c0d";
    return *parsed;
  }

  static Task<> expect_announced(const SubscriptionStore* store, std::string document) {
    const auto told = store->from_announcement(document);
    EXPECT_TRUE(told);
    if (told) EXPECT_EQ(told->subscription.notification.credentials->password, "hush-hush");
    co_return;
  }

  /// In how many rows of the tables that tell of subscriptions the password can be read.
  std::string rows_that_tell() {
    return execute(url_, R"(
      select (select count(*) from machi.subscription s where s::text like '%hush-hush%') +
        (select count(*) from machi.change_log l where l::text like '%hush-hush%') +
        (select count(*) from machi.audit a where a::text like '%hush-hush%'))");
  }

  std::string url_;
};

TEST_F(SubscriptionStoreTest, APasswordStandsSealedInEveryTable) {
  run([](SubscriptionStore& store) -> Task<> {
    auto created = co_await store.create(with_password(), {"me", "c"});
    EXPECT_TRUE(created) << created.error().message;
    const auto describe = [](Subscription& s) -> Result<> {
      s.description = "changed";
      return {};
    };
    auto updated = co_await store.update(TenantId{1}, with_password().id, describe, {"me", "c"});
    EXPECT_TRUE(updated) << updated.error().message;
    auto found = co_await store.get(TenantId{1}, with_password().id);
    EXPECT_TRUE(found);
    if (!found) co_return;
    EXPECT_EQ(found->description, "changed");
    EXPECT_EQ(found->notification.credentials->password, "hush-hush");
    EXPECT_FALSE(found->notification.credentials->sealed);
  });
  EXPECT_EQ(rows_that_tell(), "0");
  // Another node learns it from the log.
  const std::string announced = execute(url_, "select document from machi.change_log order by sequence desc limit 1");
  run([&announced](SubscriptionStore& store) { return expect_announced(&store, announced); });
}

TEST_F(SubscriptionStoreTest, APasswordOfAnEarlierVersionIsReadAndSealed) {
  const std::string open = to_definition(with_password());
  execute(url_,
          "insert into machi.subscription (tenant, id, service_path, owner, definition, status, created, modified, "
          "created_sequence) values (1, '5f8d1e2b3c4d5e6f7a8b9c0d', '/', '', '" +
              open + "', 'active', now(), now(), 1)");
  EXPECT_EQ(rows_that_tell(), "1");
  for (int time = 0; time < 2; ++time) {
    run([](SubscriptionStore& store) -> Task<> {
      auto all = co_await store.load_all();
      EXPECT_TRUE(all);
      if (!all) co_return;
      EXPECT_EQ(all->size(), 1U);
      EXPECT_EQ(all->front().subscription.notification.credentials->password, "hush-hush");
    });
    EXPECT_EQ(rows_that_tell(), "0");
  }
}

TEST_F(SubscriptionStoreTest, UnderAnotherKeyAPasswordIsNotReadAndNotLost) {
  run([](SubscriptionStore& store) -> Task<> {
    auto created = co_await store.create(with_password(), {"me", "c"});
    EXPECT_TRUE(created);
  });
  run(
      [](SubscriptionStore& store) -> Task<> {
        auto found = co_await store.get(TenantId{1}, with_password().id);
        EXPECT_TRUE(found);
        if (found) EXPECT_TRUE(found->notification.credentials->sealed);
        const auto describe = [](Subscription& s) -> Result<> {
          s.description = "changed";
          return {};
        };
        auto updated = co_await store.update(TenantId{1}, with_password().id, describe, {"me", "c"});
        EXPECT_TRUE(updated);
      },
      'x');
  run([](SubscriptionStore& store) -> Task<> {
    auto found = co_await store.get(TenantId{1}, with_password().id);
    EXPECT_TRUE(found);
    if (found) EXPECT_EQ(found->notification.credentials->password, "hush-hush");
  });
}

}  // namespace
}  // namespace machi::broker

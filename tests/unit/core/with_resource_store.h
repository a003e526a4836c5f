#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/resource_store.h"
#include "db/database.h"
#include "unit/db/test_cluster.h"

namespace machi::core {

/// Tests that work on a resource store over a database of their own with all migrations.
class WithResourceStore : public testing::Test {
 protected:
  WithResourceStore() : url_(db::testing::migrated_database()) {}

  /// Runs one task with a store on a loop of its own and gives what it answered.
  template <typename T>
  T run(const std::function<Task<T>(ResourceStore&)>& start) {
    Loop loop(1);
    db::Database database(loop, {.url = url_});
    ResourceStore store(database);
    std::optional<T> answer;
    asio::co_spawn(loop, answer_and_close(&start, &store, &database, &answer), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "the test did not end within a minute";
    return std::move(answer).value();
  }

  std::string url_;

 private:
  template <typename T>
  static Task<> answer_and_close(const std::function<Task<T>(ResourceStore&)>* start, ResourceStore* store,
                                 db::Database* database, std::optional<T>* answer) {
    auto value = co_await (*start)(*store);
    *answer = std::move(value);
    co_await database->close();
  }
};

}  // namespace machi::core

#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "base/task.h"
#include "db/connection.h"
#include "db/database.h"
#include "db/private_cluster.h"

namespace machi::db::testing {

using namespace std::chrono_literals;

/// A folder of its own in the temporary folder, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Settings of clusters that only tests use: small, and lost in a power cut.
[[nodiscard]] PrivateCluster::Options small_cluster(const std::filesystem::path& folder);

/// Connection string of the one cluster of this program, started with the first test.
[[nodiscard]] const std::string& database_url();

/// Connection string of a new database in it.
[[nodiscard]] std::string new_database();

/// The same with the extensions and all migrations.
[[nodiscard]] std::string migrated_database();

/// Runs SQL on a blocking connection of its own and gives the first column of the first row, if there is one.
std::string execute(const std::string& url, const std::string& sql);

/// Asks until the answer is the expected one; false after ten seconds.
bool becomes(const std::string& url, const std::string& sql, const std::string& expected);

/// Runs a coroutine on a loop of its own until everything on that loop has ended. A minute at most.
void on_loop(Task<> (*test)(Loop& loop));

[[nodiscard]] std::vector<Call> one_call(const Statement& statement, Parameters parameters = {});

}  // namespace machi::db::testing

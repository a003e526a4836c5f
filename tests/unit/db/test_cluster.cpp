#include "db/test_cluster.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include <atomic>
#include <exception>
#include <stdexcept>
#include <thread>

#include "db/migrations.h"

namespace machi::db::testing {

namespace {

/// Starts the cluster when the first test asks for it: programs that only hold a cluster for another test need none.
class ClusterEnvironment : public ::testing::Environment {
 public:
  void TearDown() override {
    cluster_.reset();
    folder_.reset();
  }
  const std::string& url() {
    if (!url_.empty()) return url_;
    folder_.emplace();
    auto started = PrivateCluster::start(small_cluster(folder_->path()));
    if (!started) throw std::runtime_error(started.error().message);
    cluster_ = std::move(*started);
    url_ = cluster_->connection_string();
    return url_;
  }

 private:
  std::optional<TemporaryFolder> folder_;
  std::unique_ptr<PrivateCluster> cluster_;
  std::string url_;
};

// GoogleTest owns it.
ClusterEnvironment* const kEnvironment = static_cast<ClusterEnvironment*>(
    ::testing::AddGlobalTestEnvironment(new ClusterEnvironment));  // NOLINT(cppcoreguidelines-owning-memory)

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "machi-test-XXXXXX").string();
  path_ = mkdtemp(name.data());
  // As root, the account of the server has to pass through.
  std::filesystem::permissions(path_, std::filesystem::perms(0711));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

PrivateCluster::Options small_cluster(const std::filesystem::path& folder) {
  return {.folder = folder, .memory_megabytes = 64, .max_connections = 60, .durable = false};
}

const std::string& database_url() {
  return kEnvironment->url();
}

std::string new_database() {
  static std::atomic<int> number = 0;
  const std::string name = fmt::format("test_{}", ++number);
  execute(database_url(), "create database " + name);
  return database_url() + " dbname=" + name;
}

std::string migrated_database() {
  std::string url = new_database();
  execute(url, "create extension if not exists postgis; create extension if not exists btree_gist");
  const auto migrated = migrate(url, all_migrations());
  EXPECT_TRUE(migrated) << migrated.error().message;
  return url;
}

std::string execute(const std::string& url, const std::string& sql) {
  PGconn* connection = PQconnectdb(url.c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << sql << ": " << PQerrorMessage(connection);
  std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  PQfinish(connection);
  return value;
}

bool becomes(const std::string& url, const std::string& sql, const std::string& expected) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (execute(url, sql) != expected) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

void on_loop(Task<> (*test)(Loop& loop)) {
  Loop loop(1);
  bool ended = false;
  asio::co_spawn(loop, test(loop), [&](const std::exception_ptr& thrown) {
    ended = true;
    if (thrown) std::rethrow_exception(thrown);
  });
  loop.run_for(60s);
  EXPECT_TRUE(ended) << "the coroutine did not end within a minute";
  EXPECT_TRUE(loop.stopped()) << "something is left on the loop";
}

std::vector<Call> one_call(const Statement& statement, Parameters parameters) {
  std::vector<Call> calls;
  calls.push_back({&statement, std::move(parameters)});
  return calls;
}

}  // namespace machi::db::testing

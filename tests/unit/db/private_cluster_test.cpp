#include "db/private_cluster.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "db/test_cluster.h"

namespace machi::db {
namespace {

using namespace testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kHeldFolder = "MACHI_TEST_HELD_FOLDER";

std::unique_ptr<PrivateCluster> start(const fs::path& folder) {
  auto cluster = PrivateCluster::start(small_cluster(folder));
  EXPECT_TRUE(cluster.has_value()) << cluster.error().message;
  return cluster ? std::move(*cluster) : nullptr;
}

bool is_alive(pid_t process) {
  return kill(process, 0) == 0;
}

template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// Not a test: the program that `Holder` runs. Holds the cluster of a folder until it is killed.
TEST(PrivateClusterHolder, DISABLED_Holds) {
  const char* folder = std::getenv(kHeldFolder);
  ASSERT_NE(folder, nullptr);
  auto cluster = PrivateCluster::start(small_cluster(folder));
  fmt::print("result: {}\n", cluster ? fmt::format("{}", (*cluster)->server_process()) : cluster.error().message);
  std::fflush(stdout);
  if (cluster) pause();
}

/// Another Machi: this program again, as a process that may be killed, perhaps of another account.
class Holder {
 public:
  explicit Holder(const fs::path& folder, const fs::path& program = "/proc/self/exe", const passwd* account = nullptr) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const std::string variable = fmt::format("{}={}", kHeldFolder, folder.string());
    process_ = fork();
    if (process_ == 0) {
      dup2(ends[1], 1);
      if (account && (setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0)) _exit(1);
      const std::array<const char*, 3> environment = {variable.c_str(), "PATH=/usr/bin:/bin", nullptr};
      execle(program.c_str(), "holder", "--gtest_filter=PrivateClusterHolder.*", "--gtest_also_run_disabled_tests",
             nullptr, environment.data());
      _exit(1);
    }
    close(ends[1]);
    FILE* output = fdopen(ends[0], "r");
    std::array<char, 1024> line{};
    while (std::fgets(line.data(), line.size(), output)) {
      const std::string_view text(line.data());
      if (!text.starts_with("result: ")) continue;
      result_ = text.substr(8, text.size() - 9);
      break;
    }
    std::fclose(output);
  }
  ~Holder() { kill_nine(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  void kill_nine() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  void stop_at_once_with_its_server() {
    kill_nine();
    kill(std::atoi(result_.c_str()), SIGQUIT);
  }
  /// The server's process, or the message of the error.
  [[nodiscard]] const std::string& result() const { return result_; }

 private:
  pid_t process_ = 0;
  std::string result_;
};

TEST(PrivateCluster, KeepsItsDataAndStopsItsServer) {
  const TemporaryFolder folder;
  pid_t server = 0;
  {
    const auto cluster = start(folder.path() / "data");
    ASSERT_NE(cluster, nullptr);
    server = cluster->server_process();
    EXPECT_TRUE(is_alive(server));
    execute(cluster->connection_string(), "create table kept as select 'Ō町'::text t, st_point(139, 35) p");
    EXPECT_EQ(execute(cluster->connection_string(), "show listen_addresses"), "");
    EXPECT_EQ(execute(cluster->connection_string(), "select 'a' < 'B' collate \"default\""), "f") << "by code point";
    EXPECT_EQ(execute(cluster->connection_string(), "select upper('ö')"), "Ö");
  }
  EXPECT_FALSE(is_alive(server));
  const auto again = start(folder.path() / "data");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(execute(again->connection_string(), "select t from kept"), "Ō町");
}

TEST(PrivateCluster, RefusesASecondMachiAndIsTakenOverAfterKillNine) {
  const TemporaryFolder folder;
  Holder first(folder.path());
  const pid_t server = std::atoi(first.result().c_str());
  ASSERT_GT(server, 0) << first.result();
  const auto second = PrivateCluster::start(small_cluster(folder.path()));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::conflict);

  first.kill_nine();
  EXPECT_TRUE(is_alive(server));
  {
    const auto third = start(folder.path());
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(third->server_process(), server);
    EXPECT_EQ(execute(third->connection_string(), "select 1"), "1");
  }
  EXPECT_TRUE(eventually([&] { return !is_alive(server); }));
}

TEST(PrivateCluster, AServerThatIsKilledIsStartedAgain) {
  const TemporaryFolder folder;
  const auto cluster = start(folder.path());
  ASSERT_NE(cluster, nullptr);
  execute(cluster->connection_string(), "create table survived as select 7 n");
  for (int round = 0; round < 2; ++round) {
    const pid_t before = cluster->server_process();
    kill(before, SIGKILL);
    ASSERT_TRUE(eventually([&] { return cluster->server_process() != before; }));
    EXPECT_EQ(execute(cluster->connection_string(), "select n from survived"), "7");
  }
}

TEST(PrivateCluster, AfterACrashACommitIsNeverConfirmedByTheNumberAlone) {
  const TemporaryFolder folder;
  const auto cluster = start(folder.path());
  ASSERT_NE(cluster, nullptr);
  const std::string url = cluster->connection_string();
  execute(url, "create table written (n integer)");
  const std::string mark_sql(kTransactionMark.sql);
  const std::string committed = execute(url, "insert into written values (1) returning (" + mark_sql + ")");
  const std::string failed = execute(url, "begin; insert into written values (2) returning (" + mark_sql + ")");

  static std::string asked_url, asked_mark;
  static Result<bool> answer;
  const auto ask = [&](const std::string& mark) {
    asked_url = url;
    asked_mark = mark;
    on_loop([](Loop& loop) -> Task<> {
      DatabaseOptions options;
      options.url = asked_url;
      Database database(loop, options);
      answer = co_await database.was_committed(asked_mark, 2000ms);
      co_await database.close();
    });
    return answer;
  };
  EXPECT_EQ(ask(committed), Result<bool>(true));
  EXPECT_EQ(ask(failed), Result<bool>(false));

  const pid_t before = cluster->server_process();
  kill(before, SIGKILL);
  ASSERT_TRUE(eventually([&] { return cluster->server_process() != before; }));
  // It was committed, but that number may have been given to another transaction since.
  EXPECT_EQ(ask(committed).error().code, ErrorCode::outcome_unknown);
  EXPECT_EQ(ask(failed), Result<bool>(false));
}

TEST(PrivateCluster, APidFileLeftOverThatNamesAStrangerDoesNotHinder) {
  const TemporaryFolder folder;
  start(folder.path()).reset();
  std::ofstream(folder.path() / "postgresql" / "postmaster.pid")
      << getpid() << "\n/nowhere\n1\n5432\n\n\n  1 2\nready\n";
  EXPECT_NE(start(folder.path()), nullptr);
}

TEST(PrivateCluster, ALongFolderGetsAShortSocket) {
  const TemporaryFolder folder;
  const auto cluster = start(folder.path() / std::string(60, 'a') / std::string(60, 'b'));
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(execute(cluster->connection_string(), "select 1"), "1");
  const fs::path sockets = execute(cluster->connection_string(), "show unix_socket_directories");
  EXPECT_LT(sockets.native().size(), 40U);
  EXPECT_EQ(fs::status(sockets).permissions(), fs::perms::owner_all);
}

TEST(PrivateCluster, AFolderThatTheServerCannotReachHasItsDatabaseElsewhere) {
  if (geteuid() != 0) GTEST_SKIP() << "a plain user's server reaches what the user reaches";
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_all);
  const fs::path data = folder.path() / "data";
  for (const bool first : {true, false}) {
    const auto cluster = start(data);
    ASSERT_NE(cluster, nullptr);
    if (first) execute(cluster->connection_string(), "create table elsewhere as select 1 n");
    EXPECT_EQ(execute(cluster->connection_string(), "select n from elsewhere"), "1");
  }
  std::string place;
  std::ifstream(data / "postgresql.location") >> place;
  EXPECT_TRUE(place.starts_with("/var/lib/machi/"));
  fs::remove_all(place);
}

TEST(PrivateCluster, APlainUserHasACluster) {
  if (geteuid() != 0) GTEST_SKIP() << "the other tests run as a plain user already";
  const TemporaryFolder folder;
  const passwd* account = getpwnam("nobody");
  ASSERT_NE(account, nullptr);
  // The program may stand in a folder that this account cannot reach.
  const fs::path program = folder.path() / "program";
  fs::copy_file(fs::canonical("/proc/self/exe"), program);
  const fs::path data = folder.path() / "data";
  fs::create_directory(data);
  ASSERT_EQ(chown(data.c_str(), account->pw_uid, account->pw_gid), 0);
  Holder holder(data, program, account);
  const pid_t server = std::atoi(holder.result().c_str());
  ASSERT_GT(server, 0) << holder.result();
  struct stat owner{};
  ASSERT_EQ(stat((data / "postgresql").c_str(), &owner), 0);
  EXPECT_EQ(owner.st_uid, account->pw_uid);
  holder.stop_at_once_with_its_server();
  EXPECT_TRUE(eventually([&] { return !is_alive(server); }));
}

TEST(PrivateCluster, ADatabaseOfAnotherVersionNamesTheUpgrade) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "postgresql");
  std::ofstream(folder.path() / "postgresql" / "PG_VERSION") << "9\n";
  const auto refused = PrivateCluster::start(small_cluster(folder.path()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("machi upgrade-database"));
}

TEST(ClusterUpgrade, MovesRolesAndDataAndKeepsTheOldUntilConfirmed) {
  const TemporaryFolder folder;
  std::string version;
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(cluster, nullptr);
    const std::string url = cluster->connection_string();
    execute(url, "create role reader; create schema machi; create table machi.place (name text, p geometry)");
    execute(url, "insert into machi.place values ('駅', st_point(139, 35)); grant usage on schema machi to reader");
    version = execute(url, "select current_setting('server_version_num')::int / 10000");
  }
  const auto nothing_newer = upgrade_cluster(folder.path());
  EXPECT_EQ(nothing_newer.error().code, ErrorCode::conflict);
  EXPECT_EQ(confirm_upgrade(folder.path()).error().code, ErrorCode::not_found);

  const auto upgraded = upgrade_cluster(folder.path(), {.same_version = true});
  ASSERT_TRUE(upgraded.has_value()) << upgraded.error().message;
  EXPECT_TRUE(fs::exists(folder.path() / ("postgresql-" + version)));
  EXPECT_EQ(upgrade_cluster(folder.path(), {.same_version = true}).error().code, ErrorCode::conflict)
      << "not confirmed";
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(cluster, nullptr);
    const std::string url = cluster->connection_string();
    EXPECT_EQ(execute(url, "select name || st_astext(p) from machi.place"), "駅POINT(139 35)");
    EXPECT_EQ(execute(url, "select has_schema_privilege('reader', 'machi', 'usage')"), "t");
  }
  EXPECT_TRUE(confirm_upgrade(folder.path()).has_value());
  EXPECT_FALSE(fs::exists(folder.path() / ("postgresql-" + version)));
}

TEST(ClusterUpgrade, OneInterruptedBetweenItsRenamesIsFinished) {
  const TemporaryFolder folder;
  {
    const auto cluster = start(folder.path());
    ASSERT_NE(cluster, nullptr);
    execute(cluster->connection_string(), "create table upgraded as select 1 n");
  }
  fs::rename(folder.path() / "postgresql", folder.path() / "postgresql.upgraded");
  const auto cluster = start(folder.path());
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(execute(cluster->connection_string(), "select n from upgraded"), "1");
}

TEST(ClusterUpgrade, WithoutADatabaseThereIsNothingToUpgrade) {
  const TemporaryFolder folder;
  EXPECT_EQ(upgrade_cluster(folder.path()).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace machi::db

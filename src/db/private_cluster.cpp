#include "db/private_cluster.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/log.h"
#include "db/back_off.h"
#include "db/cluster_folder.h"
#include "db/cluster_server.h"
#include "db/pipeline.h"

namespace machi::db {

namespace {

namespace fs = std::filesystem;

Result<> execute(PGconn* connection, const std::string& sql) {
  const ResultHandle result(PQexec(connection, sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return fail(ErrorCode::internal, fmt::format("{}: {}", sql, PQerrorMessage(connection)));
}

Result<ConnectionHandle> connect(const fs::path& cluster, std::string_view database) {
  ConnectionHandle connection(PQconnectdb(cluster_connection(cluster, database).c_str()));
  if (PQstatus(connection.get()) == CONNECTION_OK) return connection;
  return fail(ErrorCode::internal, PQerrorMessage(connection.get()));
}

Result<> create_database(const fs::path& cluster) {
  const auto connection = connect(cluster, "postgres");
  if (!connection) return fail(connection.error());
  const ResultHandle found(PQexec(connection->get(), "select 1 from pg_database where datname = 'machi'"));
  if (PQntuples(found.get()) == 0) {
    auto created = execute(connection->get(), "create database machi");
    if (!created) return created;
  }
  const auto machi = connect(cluster, "machi");
  if (!machi) return fail(machi.error());
  return execute(machi->get(),
                 "set client_min_messages to warning; create extension if not exists postgis;"
                 "create extension if not exists btree_gist");
}

/// The server that fits the cluster; for a new one the newest.
Result<ServerPrograms> choose_programs(const fs::path& cluster) {
  const std::vector<ServerPrograms> servers = eligible_servers();
  if (servers.empty() || servers.front().major < 15) {
    return fail(
        ErrorCode::not_found,
        "no PostgreSQL 15 or later is installed; install postgresql and postgresql-postgis, or name its folder in "
        "MACHI_POSTGRES_BIN");
  }
  const auto version = cluster_version(cluster);
  if (!version) return servers.front();
  for (const ServerPrograms& server : servers) {
    if (server.major == *version) return server;
  }
  return fail(ErrorCode::conflict, fmt::format("the database was made by PostgreSQL {}, and {} is installed; install "
                                               "PostgreSQL {} beside it and run `machi upgrade-database`",
                                               *version, servers.front().major, *version));
}

}  // namespace

struct PrivateCluster::State {
  FolderLock lock;
  Account account;
  ServerPrograms programs;
  fs::path cluster;
  ClusterServer server;
  std::atomic<pid_t> process;
  int stop_event;
  std::jthread supervisor{};

  State(FolderLock l, Account a, ServerPrograms p, fs::path c, ClusterServer s)
      : lock(std::move(l)),
        account(a),
        programs(std::move(p)),
        cluster(std::move(c)),
        server(std::move(s)),
        process(server.process()),
        stop_event(eventfd(0, EFD_CLOEXEC)) {}
  ~State() {
    supervisor.request_stop();
    eventfd_write(stop_event, 1);
    if (supervisor.joinable()) supervisor.join();
    close(stop_event);
    server.stop();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// True when it is time to stop; false when `descriptor` became readable or the time is over.
  [[nodiscard]] bool wait_for_stop(int descriptor, int milliseconds) const {
    std::array<pollfd, 2> waits = {pollfd{.fd = stop_event, .events = POLLIN},
                                   pollfd{.fd = descriptor, .events = POLLIN}};
    while (poll(waits.data(), waits.size(), milliseconds) < 0 && errno == EINTR) {
    }
    return (waits[0].revents & POLLIN) != 0;
  }

  /// Starts the server again when it ends by itself: nobody else would.
  void supervise(const std::stop_token& stop) {
    BackOff back_off;
    while (!wait_for_stop(server.end_descriptor(), -1)) {
      server.wait(std::chrono::milliseconds(0));
      log::error("the PostgreSQL server ended; starting it again", {{"process", server.process()}});
      while (true) {
        auto again = ClusterServer::start(account, programs, cluster, stop);
        if (again) {
          server = std::move(*again);
          process = server.process();
          back_off.reset();
          break;
        }
        log::error("the PostgreSQL server does not start", {{"reason", again.error().message}});
        if (wait_for_stop(-1, static_cast<int>(back_off.next().count()))) return;
      }
    }
  }
};

Result<std::unique_ptr<PrivateCluster>> PrivateCluster::start(Options options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  const fs::path folder = fs::canonical(options.folder, error);
  if (error) {
    return fail(ErrorCode::internal, fmt::format("cannot use {}: {}", options.folder.string(), error.message()));
  }
  auto lock = FolderLock::take(folder);
  if (!lock) return fail(lock.error());
  const auto account = choose_account(folder);
  if (!account) return fail(account.error());
  const auto home = find_cluster_home(*account, folder);
  if (!home) return fail(home.error());
  const auto finished = finish_upgrade(*home);
  if (!finished) return fail(finished.error());
  const fs::path cluster = home->current();
  const auto programs = choose_programs(cluster);
  if (!programs) return fail(programs.error());
  if (!cluster_version(cluster)) {
    const auto made = make_cluster(*account, *programs, cluster, options.durable);
    if (!made) return fail(made.error());
  }
  const ClusterSettings settings{.memory_megabytes = options.memory_megabytes,
                                 .max_connections = options.max_connections,
                                 .durable = options.durable,
                                 .further = std::move(options.settings)};
  const auto written = write_settings(*account, *programs, cluster, settings);
  if (!written) return fail(written.error());
  auto server = ClusterServer::start(*account, *programs, cluster);
  if (!server) return fail(server.error());
  auto state = std::make_unique<State>(std::move(*lock), *account, *programs, cluster, std::move(*server));
  const auto created = create_database(cluster);
  if (!created) return fail(created.error());
  state->supervisor = std::jthread([raw = state.get()](const std::stop_token& stop) { raw->supervise(stop); });
  return std::unique_ptr<PrivateCluster>(new PrivateCluster(std::move(state)));
}

PrivateCluster::PrivateCluster(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrivateCluster::~PrivateCluster() = default;

std::string PrivateCluster::connection_string() const {
  return cluster_connection(state_->cluster, "machi");
}

int PrivateCluster::server_process() const {
  return state_->process;
}

Result<std::string> running_cluster(const std::filesystem::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error) return fail(ErrorCode::not_found, fmt::format("cannot use {}: {}", folder.string(), error.message()));
  const auto account = choose_account(real);
  if (!account) return fail(account.error());
  const auto home = find_cluster_home(*account, real);
  if (!home) return fail(home.error());
  if (!cluster_version(home->current())) return fail(ErrorCode::not_found, "there is no database in " + real.string());
  return cluster_connection(home->current(), "machi");
}

}  // namespace machi::db

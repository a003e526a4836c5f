#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include "db/cluster_folder.h"
#include "db/cluster_server.h"
#include "db/private_cluster.h"

// Moving to another major version: both servers run side by side, the new version's pg_dump reads the old one.
namespace machi::db {

namespace {

namespace fs = std::filesystem;

constexpr int kUpgradeConnections = 20;

void tell(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

struct Upgrade {
  Account account;
  ClusterHome home;
  ServerPrograms from;
  ServerPrograms to;

  /// While it is made; complete it is called `postgresql.upgraded`.
  [[nodiscard]] fs::path fresh() const { return home.path / "postgresql.upgrading"; }
  [[nodiscard]] fs::path dump() const { return home.path / "postgresql.dump"; }
};

Result<ServerPrograms> find_target(const fs::path& programs) {
  if (!programs.empty()) return look_for_server_in(programs);
  const std::vector<ServerPrograms> servers = eligible_servers();
  if (servers.empty()) return fail(ErrorCode::not_found, "no PostgreSQL server is installed");
  return servers.front();
}

Result<ServerPrograms> find_source(int version) {
  for (const ServerPrograms& server : installed_servers()) {
    if (server.major == version) return server;
  }
  return fail(ErrorCode::not_found,
              fmt::format("the database was made by PostgreSQL {}, which must be installed to read "
                          "it: install postgresql-{} and postgresql-{}-postgis-3",
                          version, version, version));
}

Result<Upgrade> prepare(const fs::path& folder, const UpgradeOptions& options) {
  const auto account = choose_account(folder);
  if (!account) return fail(account.error());
  const auto home = find_cluster_home(*account, folder);
  if (!home) return fail(home.error());
  const auto finished = finish_upgrade(*home);
  if (!finished) return fail(finished.error());
  const auto version = cluster_version(home->current());
  if (!version) return fail(ErrorCode::not_found, fmt::format("there is no database in {}", folder.string()));
  const auto from = find_source(*version);
  if (!from) return fail(from.error());
  const auto to = find_target(options.programs);
  if (!to) return fail(to.error());
  if (to->major < *version || (to->major == *version && !options.same_version)) {
    return fail(ErrorCode::conflict, fmt::format("the database is of PostgreSQL {} already", *version));
  }
  if (fs::exists(home->kept(*version))) {
    return fail(ErrorCode::conflict, fmt::format("{} is kept from an earlier upgrade; confirm that one first",
                                                 home->kept(*version).string()));
  }
  return Upgrade{*account, *home, *from, *to};
}

std::string as_option(const fs::path& cluster, std::string_view database) {
  return "--dbname=" + cluster_connection(cluster, database);
}

Result<> copy_contents(const Upgrade& upgrade) {
  const std::string jobs = fmt::format("--jobs={}", std::max(1U, std::thread::hardware_concurrency()));
  const std::string roles = (upgrade.dump() / "globals.sql").string();
  const std::string data = (upgrade.dump() / "machi").string();
  const auto made = make_private_folder(upgrade.account, upgrade.dump());
  if (!made) return made;
  const std::vector<std::pair<std::string, std::vector<std::string>>> steps = {
      {"writing out roles",
       {upgrade.to.path("pg_dumpall"), as_option(upgrade.home.current(), "postgres"), "--globals-only",
        "--file=" + roles}},
      {"writing out the data",
       {upgrade.to.path("pg_dump"), as_option(upgrade.home.current(), "machi"), "--format=directory", "--compress=1",
        jobs, "--file=" + data}},
      // Goes on after errors: the role machi is there already.
      {"reading in roles",
       {upgrade.to.path("psql"), as_option(upgrade.fresh(), "postgres"), "--quiet", "--no-psqlrc", "--file=" + roles}},
      {"reading in the data",
       {upgrade.to.path("pg_restore"), as_option(upgrade.fresh(), "postgres"), "--create", "--exit-on-error", jobs,
        data}},
      {"collecting statistics",
       {upgrade.to.path("vacuumdb"), as_option(upgrade.fresh(), "machi"), "--analyze-only", "--quiet"}},
  };
  for (const auto& [what, command] : steps) {
    tell(what);
    const auto done = run_program(upgrade.account, command);
    if (!done) return fail(done.error());
  }
  return {};
}

Result<> copy_cluster(const Upgrade& upgrade) {
  std::error_code ignored;
  fs::remove_all(upgrade.fresh(), ignored);
  fs::remove_all(upgrade.dump(), ignored);
  tell(fmt::format("making a cluster of PostgreSQL {}", upgrade.to.major));
  const auto made = make_cluster(upgrade.account, upgrade.to, upgrade.fresh(), false);
  if (!made) return made;
  // The new one need not survive a power cut while it is filled: then the upgrade starts over.
  const ClusterSettings careful{.max_connections = kUpgradeConnections};
  const ClusterSettings fast{.max_connections = kUpgradeConnections, .durable = false};
  auto written = write_settings(upgrade.account, upgrade.from, upgrade.home.current(), careful);
  if (written) written = write_settings(upgrade.account, upgrade.to, upgrade.fresh(), fast);
  if (!written) return written;
  auto old_server = ClusterServer::start(upgrade.account, upgrade.from, upgrade.home.current());
  if (!old_server) return fail(old_server.error());
  auto new_server = ClusterServer::start(upgrade.account, upgrade.to, upgrade.fresh());
  Result<> copied = new_server ? copy_contents(upgrade) : Result<>(fail(new_server.error()));
  if (new_server) new_server->stop();
  old_server->stop();
  fs::remove_all(upgrade.dump(), ignored);
  if (!copied) return copied;
  tell("bringing everything to the disk");
  const auto synced =
      run_program(upgrade.account, {upgrade.to.path("initdb"), "--sync-only", "--pgdata=" + upgrade.fresh().string()});
  if (!synced) return fail(synced.error());
  return {};
}

Result<> put_in_place(const Upgrade& upgrade) {
  std::error_code error;
  fs::rename(upgrade.fresh(), upgrade.home.upgraded(), error);
  if (!error) fs::rename(upgrade.home.current(), upgrade.home.kept(upgrade.from.major), error);
  if (error) return fail(ErrorCode::internal, fmt::format("cannot put the new cluster in place: {}", error.message()));
  return finish_upgrade(upgrade.home);
}

}  // namespace

Result<> upgrade_cluster(const fs::path& folder, UpgradeOptions options) {
  std::error_code error;
  const fs::path data_folder = fs::canonical(folder, error);
  if (error) return fail(ErrorCode::not_found, fmt::format("there is no folder {}", folder.string()));
  const auto lock = FolderLock::take(data_folder);
  if (!lock) return fail(lock.error());
  const auto upgrade = prepare(data_folder, options);
  if (!upgrade) return fail(upgrade.error());
  const auto copied = copy_cluster(*upgrade);
  if (!copied) return copied;
  const auto placed = put_in_place(*upgrade);
  if (!placed) return placed;
  tell(fmt::format("done; the old cluster is kept in {} until you confirm the upgrade",
                   upgrade->home.kept(upgrade->from.major).string()));
  return {};
}

Result<> confirm_upgrade(const fs::path& folder) {
  std::error_code error;
  const fs::path data_folder = fs::canonical(folder, error);
  if (error) return fail(ErrorCode::not_found, fmt::format("there is no folder {}", folder.string()));
  const auto lock = FolderLock::take(data_folder);
  if (!lock) return fail(lock.error());
  const auto account = choose_account(data_folder);
  if (!account) return fail(account.error());
  const auto home = find_cluster_home(*account, data_folder);
  if (!home) return fail(home.error());
  bool removed = false;
  for (const auto& entry : fs::directory_iterator(home->path, error)) {
    if (!entry.path().filename().string().starts_with("postgresql-")) continue;
    if (!cluster_version(entry.path())) continue;
    fs::remove_all(entry.path(), error);
    if (error)
      return fail(ErrorCode::internal, fmt::format("cannot remove {}: {}", entry.path().string(), error.message()));
    removed = true;
  }
  if (!removed) return fail(ErrorCode::not_found, "no cluster is kept from an upgrade");
  return {};
}

}  // namespace machi::db

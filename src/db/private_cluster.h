#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace machi::db {

/// A PostgreSQL cluster that belongs to one data folder: `DIR/postgresql`, unix socket only, started and stopped with
/// Machi, and started again when it dies under it. As root the server runs under an unprivileged account (`postgres`,
/// or the owner of the folder). A server that is still running after `kill -9` of Machi is adopted. Two Machi processes
/// never share a folder: the second gets conflict. Blocking calls; not for use on a loop.
class PrivateCluster {
 public:
  struct Options {
    std::filesystem::path folder;  ///< Machi's data folder
    int memory_megabytes = 0;      ///< for shared_buffers and the like; 0: a quarter of the machine's, 8 GiB at most
    int max_connections = 100;
    bool durable = true;                                          ///< false only in tests: fsync off
    std::vector<std::pair<std::string, std::string>> settings{};  ///< further lines of postgresql.conf
  };
  /// initdb if the folder is new, writes the settings, starts the server and waits until it answers, creates the
  /// database `machi` with PostGIS. Errors: not_found (no PostgreSQL installed), conflict (folder in use, or made by
  /// another major version: names `machi upgrade-database`), internal (with the last lines of the server's log).
  [[nodiscard]] static Result<std::unique_ptr<PrivateCluster>> start(Options options);
  ~PrivateCluster();  ///< fast shutdown, waits

  [[nodiscard]] std::string connection_string() const;
  [[nodiscard]] int server_process() const;

 private:
  struct State;
  explicit PrivateCluster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Connection string of the cluster that another process runs in this data folder. Errors: not_found (no cluster
/// there).
[[nodiscard]] Result<std::string> running_cluster(const std::filesystem::path& folder);

struct UpgradeOptions {
  std::filesystem::path programs{};  ///< folder of the server to move to; empty: the newest installed
  bool same_version = false;         ///< move even if it is the same major version (tests)
};
/// Moves the cluster of `folder` to the installed major version by dump and restore into a new folder; the old one is
/// kept as `postgresql-<old version>` until `confirm_upgrade`. The server of the old version must still be installed.
/// Blocking; prints progress to standard output. Errors: not_found (no cluster, no server), conflict (in use, already
/// of that version, an earlier upgrade is not confirmed), internal.
[[nodiscard]] Result<> upgrade_cluster(const std::filesystem::path& folder, UpgradeOptions options = {});
/// Removes the kept old cluster. Errors: not_found.
[[nodiscard]] Result<> confirm_upgrade(const std::filesystem::path& folder);

}  // namespace machi::db

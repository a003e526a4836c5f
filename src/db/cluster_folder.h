#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "db/account.h"
#include "db/server_programs.h"

namespace machi::db {

/// Keeps a second Machi out of a data folder. Held until it is destroyed; the kernel lets go of it with the process.
class FolderLock {
 public:
  /// Errors: conflict (held by another process), internal.
  [[nodiscard]] static Result<FolderLock> take(const std::filesystem::path& data_folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Where the clusters of a data folder stand: in it, as `postgresql`. If the account cannot reach the data folder
/// (root's home, say) they stand under /var/lib/machi, and the file `postgresql.location` of the data folder names the
/// place.
struct ClusterHome {
  std::filesystem::path path;

  [[nodiscard]] std::filesystem::path current() const { return path / "postgresql"; }
  [[nodiscard]] std::filesystem::path upgraded() const { return path / "postgresql.upgraded"; }  ///< complete
  [[nodiscard]] std::filesystem::path kept(int major) const;
};
[[nodiscard]] Result<ClusterHome> find_cluster_home(const Account& account, const std::filesystem::path& data_folder);

/// An upgrade puts the new cluster in the place of the old one in two steps, of which a crash may take the second: this
/// does it. Errors: internal.
[[nodiscard]] Result<> finish_upgrade(const ClusterHome& home);

/// The folder of a cluster's socket: the cluster itself, or a short one in /tmp when the path would not fit into a
/// socket address (107 bytes).
[[nodiscard]] std::filesystem::path socket_folder(const std::filesystem::path& cluster);

/// libpq connection string for a database of the cluster.
[[nodiscard]] std::string cluster_connection(const std::filesystem::path& cluster, std::string_view database);

/// The major version that made a cluster; empty if there is none.
[[nodiscard]] std::optional<int> cluster_version(const std::filesystem::path& cluster);

/// initdb, beside the place and then renamed to it, so that an interrupted one leaves nothing half made.
[[nodiscard]] Result<> make_cluster(const Account& account, const ServerPrograms& programs,
                                    const std::filesystem::path& cluster, bool durable);

struct ClusterSettings {
  int memory_megabytes = 0;
  int max_connections = 100;
  bool durable = true;
  std::vector<std::pair<std::string, std::string>> further{};
};
/// Writes `machi.conf`, which postgresql.conf includes. Errors: internal.
[[nodiscard]] Result<> write_settings(const Account& account, const ServerPrograms& programs,
                                      const std::filesystem::path& cluster, const ClusterSettings& settings);

}  // namespace machi::db

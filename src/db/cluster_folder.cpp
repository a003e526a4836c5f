#include "db/cluster_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/ids.h"
#include "base/log.h"

namespace machi::db {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

/// 16 hexadecimal digits that stand for a path.
std::string short_name(const fs::path& path) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(path.native().data(), path.native().size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (int i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[static_cast<std::size_t>(i)]);
  return hex;
}

bool may_enter(const Account& account, const fs::path& folder) {
  return run_program(account, {"/usr/bin/test", "-x", folder.string()}).has_value();
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// A value of a libpq connection string.
std::string quote_value(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

}  // namespace

Result<FolderLock> FolderLock::take(const fs::path& data_folder) {
  const fs::path path = data_folder / "machi.lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    return fail(ErrorCode::internal, fmt::format("cannot open {}: {}", path.string(), strerror(errno)));
  }
  FolderLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(ErrorCode::conflict, fmt::format("another Machi uses the data folder {}", data_folder.string()));
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

fs::path ClusterHome::kept(int major) const {
  return path / fmt::format("postgresql-{}", major);
}

Result<ClusterHome> find_cluster_home(const Account& account, const fs::path& data_folder) {
  const fs::path note = data_folder / "postgresql.location";
  if (const auto written = read_file(note)) return ClusterHome{written->substr(0, written->find('\n'))};
  if (may_enter(account, data_folder)) return ClusterHome{data_folder};
  // A folder of root's own: others may pass through it, not look into it.
  struct stat status{};
  if (stat(data_folder.c_str(), &status) == 0 && chmod(data_folder.c_str(), (status.st_mode & 07777) | 0011) == 0 &&
      may_enter(account, data_folder)) {
    return ClusterHome{data_folder};
  }
  // A name of its own, so that a new data folder of the same path does not find the data of a deleted one.
  const fs::path elsewhere = fs::path("/var/lib/machi") / random_uuid();
  std::error_code error;
  fs::create_directories(elsewhere, error);
  if (error || !may_enter(account, elsewhere)) {
    return fail(ErrorCode::internal,
                fmt::format("the account that runs PostgreSQL cannot reach {}; choose another data folder",
                            data_folder.string()));
  }
  std::ofstream(note) << elsewhere.string() << '\n';
  log::warn("the account that runs PostgreSQL cannot reach the data folder; the database stands elsewhere",
            {{"folder", data_folder.string()}, {"database", elsewhere.string()}});
  return ClusterHome{elsewhere};
}

Result<> finish_upgrade(const ClusterHome& home) {
  std::error_code error;
  if (fs::exists(home.current(), error) || !fs::exists(home.upgraded(), error)) return {};
  fs::rename(home.upgraded(), home.current(), error);
  if (error) return fail(ErrorCode::internal, fmt::format("cannot finish the upgrade: {}", error.message()));
  return {};
}

fs::path socket_folder(const fs::path& cluster) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1 - kSocketName.size();
  return cluster.native().size() <= kLongest ? cluster : fs::path("/tmp") / ("machi-" + short_name(cluster));
}

std::string cluster_connection(const fs::path& cluster, std::string_view database) {
  return fmt::format("host={} port=5432 user=machi dbname={}", quote_value(socket_folder(cluster).string()),
                     quote_value(database));
}

std::optional<int> cluster_version(const fs::path& cluster) {
  const auto text = read_file(cluster / "PG_VERSION");
  if (!text) return {};
  return std::atoi(text->c_str());
}

Result<> make_cluster(const Account& account, const ServerPrograms& programs, const fs::path& cluster, bool durable) {
  const fs::path making = cluster.string() + ".making";
  std::error_code error;
  fs::remove_all(making, error);
  auto made = make_private_folder(account, making);
  if (!made) return made;
  // Comparison by code point (docs/query.md); upper and lower case by Unicode. Who may enter the folder of the socket
  // is let in: only root and the account may.
  std::vector<std::string> command = {programs.path("initdb"), "--pgdata=" + making.string(),
                                      "--username=machi",      "--encoding=UTF8",
                                      "--locale=C.UTF-8",      "--lc-collate=C",
                                      "--auth-local=trust",    "--auth-host=reject",
                                      "--data-checksums",      "--no-instructions"};
  if (!durable) command.emplace_back("--no-sync");
  const auto initialised = run_program(account, command);
  if (!initialised) return fail(initialised.error());
  std::ofstream(making / "postgresql.conf", std::ios::app) << "\ninclude 'machi.conf'\n";
  fs::rename(making, cluster, error);
  if (error) return fail(ErrorCode::internal, fmt::format("cannot make {}: {}", cluster.string(), error.message()));
  return {};
}

}  // namespace machi::db

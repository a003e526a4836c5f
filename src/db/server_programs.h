#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace machi::db {

/// An installed PostgreSQL server.
struct ServerPrograms {
  std::filesystem::path folder;  ///< where postgres, initdb, pg_dump … are
  int major = 0;

  [[nodiscard]] std::string path(const std::string& program) const { return (folder / program).string(); }
};

/// Looks into one folder. Errors: not_found.
[[nodiscard]] Result<ServerPrograms> look_for_server_in(const std::filesystem::path& folder);

/// All servers that are installed, newest first. Machi needs 15 or later; older ones are found too, for the upgrade.
[[nodiscard]] std::vector<ServerPrograms> installed_servers();

/// Those that Machi may run: all, or only the one of `MACHI_POSTGRES_BIN` if that is set.
[[nodiscard]] std::vector<ServerPrograms> eligible_servers();

}  // namespace machi::db

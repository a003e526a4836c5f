#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace machi::db {

/// One file of db/migrations, built into the program: `0001_broker.sql` has version 1 and name `broker`.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

/// All migrations, ascending.
[[nodiscard]] std::span<const Migration> all_migrations();

/// Applies what is missing, in order, each in a transaction of its own together with its row in `machi.migration`. An
/// advisory lock makes several nodes that start at once take turns. Blocking: call before the loops run. Answers how
/// many were applied. Errors: busy (no database), conflict (the database is newer than this program, or a migration
/// changed after it was applied), internal.
[[nodiscard]] Result<int> migrate(const std::string& connection_string, std::span<const Migration> migrations);

/// Runs one statement on a connection of its own and gives the first column of the first row, empty if there is none.
/// Blocking: call before the loops run. Errors: busy (no database), internal.
[[nodiscard]] Result<std::string> run_once(const std::string& connection_string, std::string_view sql);

/// Makes the extensions that the migrations need (postgis, btree_gist) where they are missing and the database's user
/// may. Blocking, with the same lock as migrate. Errors: busy (no database), forbidden (the user may not make them),
/// and not_found (the server does not have them installed); both sentences name the commands that an administrator
/// runs.
[[nodiscard]] Result<> ensure_extensions(const std::string& connection_string);

}  // namespace machi::db

#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace machi::db {

/// Under whom the programs of PostgreSQL run: they refuse root.
struct Account {
  uid_t user;
  gid_t group;
};

/// This process's own account; as root the owner of the cluster or data folder, else `postgres`, `machi` or `nobody`.
/// Errors: not_found.
[[nodiscard]] Result<Account> choose_account(const std::filesystem::path& data_folder);

/// Starts a program under the account in a session of its own, with standard output and error at the end of `output`
/// (made if missing, readable for the account only).
[[nodiscard]] Result<pid_t> start_program(const Account& account, const std::vector<std::string>& command,
                                          const std::filesystem::path& output);

/// Runs a program under the account to its end and gives what it wrote. Errors: internal, with the last lines.
[[nodiscard]] Result<std::string> run_program(const Account& account, const std::vector<std::string>& command);

/// The last lines of a text, for a person.
[[nodiscard]] std::string last_lines(const std::string& text, int count);

/// Makes a folder that only the account may enter. One that stands there is taken if it belongs to the account, and is
/// no link. Errors: forbidden, internal.
[[nodiscard]] Result<> make_private_folder(const Account& account, const std::filesystem::path& folder);

/// Writes a file that belongs to the account, for nobody else to read, and puts it in the place of an older one at
/// once.
[[nodiscard]] Result<> write_private_file(const Account& account, const std::filesystem::path& path,
                                          std::string_view text);

}  // namespace machi::db

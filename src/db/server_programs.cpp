#include "db/server_programs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "db/account.h"

namespace machi::db {

namespace {

namespace fs = std::filesystem;

/// `…/postgresql/15/bin` of Debian, `…/pgsql-15/bin` of Red Hat, and what stands in PATH.
std::vector<fs::path> likely_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("MACHI_POSTGRES_BIN")) folders.emplace_back(chosen);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    folders.push_back(entry.path() / "bin");
  for (const auto& entry : fs::directory_iterator("/usr", ignored)) {
    if (entry.path().filename().string().starts_with("pgsql-")) folders.push_back(entry.path() / "bin");
  }
  std::string_view path = std::getenv("PATH") ? std::getenv("PATH") : "";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    folders.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return folders;
}

}  // namespace

Result<ServerPrograms> look_for_server_in(const fs::path& folder) {
  const Failure missing = fail(ErrorCode::not_found, fmt::format("no PostgreSQL server in {}", folder.string()));
  std::error_code ignored;
  if (!fs::exists(folder / "postgres", ignored) || !fs::exists(folder / "initdb", ignored)) return missing;
  // "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
  const auto version = run_program({geteuid(), getegid()}, {(folder / "postgres").string(), "--version"});
  if (!version) return missing;
  const std::size_t number = version->find(") ");
  if (number == std::string::npos) return missing;
  ServerPrograms programs{.folder = folder};
  const char* begin = version->data() + number + 2;
  if (std::from_chars(begin, version->data() + version->size(), programs.major).ec != std::errc()) return missing;
  return programs;
}

std::vector<ServerPrograms> installed_servers() {
  std::vector<ServerPrograms> found;
  for (const fs::path& folder : likely_folders()) {
    auto programs = look_for_server_in(folder);
    if (programs) found.push_back(std::move(*programs));
  }
  std::sort(found.begin(), found.end(),
            [](const ServerPrograms& a, const ServerPrograms& b) { return a.major > b.major; });
  return found;
}

std::vector<ServerPrograms> eligible_servers() {
  const char* chosen = std::getenv("MACHI_POSTGRES_BIN");
  if (!chosen) return installed_servers();
  auto programs = look_for_server_in(chosen);
  return programs ? std::vector<ServerPrograms>{std::move(*programs)} : std::vector<ServerPrograms>();
}

}  // namespace machi::db

#include "db/account.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace machi::db {

namespace {

bool is_root() {
  return geteuid() == 0;
}

/// Owner of a path, if it exists and is not root's.
std::optional<Account> unprivileged_owner(const std::filesystem::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || status.st_uid == 0) return {};
  return Account{status.st_uid, status.st_gid};
}

/// Ours without the settings of PostgreSQL's clients, which its programs would obey; with messages in English.
std::vector<std::string> child_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("PG") || text.starts_with("LC_") || text.starts_with("LANG")) continue;
    variables.emplace_back(text);
  }
  variables.emplace_back("LC_ALL=C.UTF-8");
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Forks and executes. Between the two only calls that are safe after a fork of a threaded process.
pid_t launch(const Account& account, const std::vector<std::string>& command, int output, bool own_session) {
  const std::vector<std::string> variables = child_environment();
  const std::vector<char*> arguments = pointers_to(command);
  const std::vector<char*> environment = pointers_to(variables);
  const bool drop = is_root();
  const pid_t child = fork();
  if (child != 0) return child;
  if (own_session) setsid();
  if (drop && (setgroups(1, &account.group) != 0 || setgid(account.group) != 0 || setuid(account.user) != 0))
    _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int null = open("/dev/null", O_RDWR);
  if (chdir("/") != 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(126);
  close_range(3, ~0U, 0);
  umask(077);
  execve(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

Result<Account> choose_account(const std::filesystem::path& data_folder) {
  if (!is_root()) return Account{geteuid(), getegid()};
  if (auto owner = unprivileged_owner(data_folder / "postgresql")) return *owner;
  if (auto owner = unprivileged_owner(data_folder)) return *owner;
  for (const char* name : {"postgres", "machi", "nobody"}) {
    if (const passwd* entry = getpwnam(name)) return Account{entry->pw_uid, entry->pw_gid};
  }
  return fail(ErrorCode::not_found,
              "there is no account for PostgreSQL to run under, as it refuses root: add one named "
              "postgres or machi");
}

Result<pid_t> start_program(const Account& account, const std::vector<std::string>& command,
                            const std::filesystem::path& output) {
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", output.string(), strerror(errno)));
  if (is_root() && fchown(file, account.user, account.group) != 0) {
    close(file);
    return fail(ErrorCode::internal, fmt::format("cannot give {} away: {}", output.string(), strerror(errno)));
  }
  const pid_t child = launch(account, command, file, true);
  close(file);
  if (child < 0) return fail(ErrorCode::internal, fmt::format("cannot start {}: {}", command[0], strerror(errno)));
  return child;
}

Result<std::string> run_program(const Account& account, const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::internal, "cannot make a pipe");
  const pid_t child = launch(account, command, ends[1], false);
  close(ends[1]);
  std::string text = child > 0 ? read_to_end(ends[0]) : "";
  close(ends[0]);
  if (child < 0) return fail(ErrorCode::internal, fmt::format("cannot start {}: {}", command[0], strerror(errno)));
  const int code = wait_for(child);
  if (code == 0) return text;
  return fail(ErrorCode::internal, fmt::format("{} failed (code {}): {}", command[0], code, last_lines(text, 5)));
}

std::string last_lines(const std::string& text, int count) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "";
  std::size_t begin = end + 1;
  for (int i = 0; i < count && begin != std::string::npos && begin > 0; ++i) begin = text.rfind('\n', begin - 1);
  begin = begin == std::string::npos ? 0 : begin;
  return text.substr(begin, end + 1 - begin);
}

Result<> make_private_folder(const Account& account, const std::filesystem::path& folder) {
  const bool made = mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    return fail(ErrorCode::internal, fmt::format("cannot make {}: {}", folder.string(), strerror(errno)));
  }
  if (made && is_root() && lchown(folder.c_str(), account.user, account.group) != 0) {
    return fail(ErrorCode::internal, fmt::format("cannot give {} away: {}", folder.string(), strerror(errno)));
  }
  struct stat status{};
  const bool ours = lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == account.user &&
                    (status.st_mode & 077) == 0;
  if (!ours) {
    return fail(ErrorCode::forbidden,
                fmt::format("{} is not a private folder of the account that runs PostgreSQL", folder.string()));
  }
  return {};
}

Result<> write_private_file(const Account& account, const std::filesystem::path& path, std::string_view text) {
  const std::string written = path.string() + ".new";
  unlink(written.c_str());
  // The account could have put a link there, which root must not follow.
  const int file = open(written.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool good = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  good = good && (!is_root() || fchown(file, account.user, account.group) == 0);
  if (file >= 0) close(file);
  if (good && rename(written.c_str(), path.c_str()) == 0) return {};
  return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", path.string(), strerror(errno)));
}

}  // namespace machi::db

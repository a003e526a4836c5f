#include "db/cluster_server.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/log.h"
#include "db/cluster_folder.h"

namespace machi::db {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongestRecovery{600};  // after a crash the server first replays its log
constexpr seconds kLongestShutdown{60};
constexpr seconds kOrphansEnd{60};
constexpr milliseconds kBetweenQuestions{10};

/// The process whose working directory is the cluster's: its server or one of the server's children.
bool works_in(pid_t process, const fs::path& cluster) {
  std::error_code error;
  return fs::read_symlink(fmt::format("/proc/{}/cwd", process), error) == fs::canonical(cluster, error);
}

bool any_process_works_in(const fs::path& cluster) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (bad == std::errc() && end == name.data() + name.size() && works_in(process, cluster)) return true;
  }
  return false;
}

std::optional<pid_t> read_postmaster_pid(const fs::path& cluster) {
  std::ifstream file(cluster / "postmaster.pid");
  pid_t process = 0;
  if (file >> process && process > 0) return process;
  return {};
}

std::string end_of_file(const fs::path& path) {
  std::ifstream file(path);
  return last_lines(std::string(std::istreambuf_iterator<char>(file), {}), 8);
}

std::string end_of_logs(const fs::path& cluster) {
  std::string text = end_of_file(cluster / "start.log");
  fs::path newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cluster / "log", error)) {
    if (newest.empty() || entry.last_write_time(error) > fs::last_write_time(newest, error)) newest = entry.path();
  }
  if (!newest.empty()) text += "\n" + end_of_file(newest);
  return text;
}

/// Children of a server that was killed end by themselves as soon as they notice. Until then the cluster is not free.
Result<> wait_for_orphans(const fs::path& cluster, const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + kOrphansEnd;
  while (any_process_works_in(cluster)) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorCode::internal, fmt::format("processes of an earlier server still use {}", cluster.string()));
    }
    std::this_thread::sleep_for(kBetweenQuestions);
  }
  return {};
}

}  // namespace

ClusterServer::ClusterServer(ClusterServer&& other) noexcept
    : process_(other.process_), descriptor_(std::exchange(other.descriptor_, -1)) {}

ClusterServer& ClusterServer::operator=(ClusterServer&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

ClusterServer::~ClusterServer() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<ClusterServer> ClusterServer::watch(pid_t process) {
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (descriptor < 0) return {};
  return ClusterServer(process, descriptor);
}

std::optional<ClusterServer> ClusterServer::find_running(const fs::path& cluster) {
  const auto process = read_postmaster_pid(cluster);
  if (!process) return {};
  auto server = watch(*process);
  if (!server || !works_in(*process, cluster)) return {};
  return server;
}

Result<ClusterServer> ClusterServer::start(const Account& account, const ServerPrograms& programs,
                                           const fs::path& cluster, const std::stop_token& stop) {
  if (auto running = find_running(cluster)) {
    const auto answers = running->wait_until_it_answers(cluster, stop);
    if (answers) {
      log::info("took over the running PostgreSQL server", {{"process", running->process()}});
      return std::move(*running);
    }
    running->stop();
  }
  const auto free = wait_for_orphans(cluster, stop);
  if (!free) return fail(free.error());
  // Nothing runs in the cluster, so whatever process has that number now is a stranger; PostgreSQL would trust it.
  std::error_code error;
  fs::remove(cluster / "postmaster.pid", error);
  const fs::path sockets = socket_folder(cluster);
  const auto private_sockets = make_private_folder(account, sockets);
  if (!private_sockets) return fail(private_sockets.error());

  fs::remove(cluster / "start.log", error);
  const auto process =
      start_program(account, {programs.path("postgres"), "-D", cluster.string()}, cluster / "start.log");
  if (!process) return fail(process.error());
  auto server = watch(*process);
  if (!server) return fail(ErrorCode::internal, "the PostgreSQL server ended at once: " + end_of_logs(cluster));
  const auto answers = server->wait_until_it_answers(cluster, stop);
  if (answers) return std::move(*server);
  server->stop();
  return fail(answers.error());
}

Result<> ClusterServer::wait_until_it_answers(const fs::path& cluster, const std::stop_token& stop) {
  const std::string connection = cluster_connection(cluster, "postgres");
  const auto deadline = std::chrono::steady_clock::now() + kLongestRecovery;
  while (PQping(connection.c_str()) != PQPING_OK) {
    if (wait(kBetweenQuestions)) {
      return fail(ErrorCode::internal, "the PostgreSQL server ended: " + end_of_logs(cluster));
    }
    if (stop.stop_requested() || std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorCode::internal, "the PostgreSQL server does not answer: " + end_of_logs(cluster));
    }
  }
  return {};
}

bool ClusterServer::wait(milliseconds time) {
  pollfd end{.fd = descriptor_, .events = POLLIN};
  if (poll(&end, 1, static_cast<int>(time.count())) != 1) return false;
  waitpid(process_, nullptr, WNOHANG);  // harmless if it is not our child
  return true;
}

void ClusterServer::stop() {
  syscall(SYS_pidfd_send_signal, descriptor_, SIGINT, nullptr, 0);
  if (wait(kLongestShutdown)) return;
  log::warn("the PostgreSQL server does not stop; stopping it at once");
  syscall(SYS_pidfd_send_signal, descriptor_, SIGQUIT, nullptr, 0);
  wait(kLongestShutdown);
}

}  // namespace machi::db

#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "db/account.h"
#include "db/server_programs.h"

namespace machi::db {

/// The server process of a cluster, a child of ours or adopted. Does not end with this object.
class ClusterServer {
 public:
  /// Takes over a server that runs already, else starts one, and waits until it answers. Errors: internal, with the
  /// last lines of the server's log, or because a stop was requested.
  [[nodiscard]] static Result<ClusterServer> start(const Account& account, const ServerPrograms& programs,
                                                   const std::filesystem::path& cluster,
                                                   const std::stop_token& stop = {});
  ClusterServer(ClusterServer&& other) noexcept;
  ClusterServer& operator=(ClusterServer&& other) noexcept;
  ~ClusterServer();

  [[nodiscard]] pid_t process() const { return process_; }
  /// Becomes readable when the process has ended.
  [[nodiscard]] int end_descriptor() const { return descriptor_; }
  /// Waits for the end, and collects the process if it is a child. False when the time is over.
  bool wait(std::chrono::milliseconds time);
  /// Fast shutdown: open transactions are rolled back, everything is written. An immediate one if that takes too long.
  void stop();

 private:
  ClusterServer(pid_t process, int descriptor) : process_(process), descriptor_(descriptor) {}
  [[nodiscard]] static std::optional<ClusterServer> watch(pid_t process);
  [[nodiscard]] static std::optional<ClusterServer> find_running(const std::filesystem::path& cluster);
  Result<> wait_until_it_answers(const std::filesystem::path& cluster, const std::stop_token& stop);
  pid_t process_;
  int descriptor_;  ///< of pidfd_open: also right for a process that is not our child, and after its number is reused
};

}  // namespace machi::db

#include "db/give_way.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace machi::db {
namespace {

constexpr int kNice = 15;

/// What sched_setattr(2) takes; Debian 12's glibc does not declare it.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = kNice;
  std::uint32_t priority = 0;
  /// Nanoseconds. From Linux 6.12 on, a process that wakes up takes the core at once from one whose slice is longer
  /// than its own (3 ms at most), and waits for the others. Before, this is ignored and the priority alone decides.
  std::uint64_t slice = 10'000'000;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

/// The kernel may weigh sessions against each other before it weighs the processes in them (sched(7), autogroup), and
/// each server process has a session of its own. Answers false if it has to be tried again: users other than root may
/// change a session ten times a second, all together.
bool lower_session(pid_t process) {
  const int file = open(fmt::format("/proc/{}/autogroup", process).c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return true;
  const std::string nice = fmt::format("{}", kNice);
  const bool again = write(file, nice.data(), nice.size()) < 0 && errno == EAGAIN;
  close(file);
  return !again;
}

void lower_session_later(Loop& loop, std::weak_ptr<const Pipeline> connection, pid_t process) {
  auto timer = std::make_shared<LoopTimer>(loop, std::chrono::milliseconds(110));
  timer->async_wait([&loop, timer, process, connection = std::move(connection)](boost::system::error_code) mutable {
    // Another process may have the number once the connection is gone.
    if (!connection.expired() && !lower_session(process)) lower_session_later(loop, std::move(connection), process);
  });
}

}  // namespace

void give_way(Loop& loop, std::weak_ptr<const Pipeline> connection, pid_t server_process) {
  SchedulingAttributes attributes;
  syscall(SYS_sched_setattr, server_process, &attributes, 0);
  if (!lower_session(server_process)) lower_session_later(loop, std::move(connection), server_process);
}

}  // namespace machi::db

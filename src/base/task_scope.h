#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/suspend.h"
#include "base/task.h"

namespace machi {

/// Tasks that run beside their owner on one loop. The owner joins them before it goes. Not thread-safe.
class TaskScope {
 public:
  explicit TaskScope(Loop& loop) : loop_(loop) {}
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  /// Starts a task at the loop's next turn. What it throws is logged under `name`: such tasks handle their own
  /// failures.
  void spawn(std::string_view name, Task<> task) {
    ++running_;
    asio::co_spawn(loop_, std::move(task), [this, name](std::exception_ptr failure) { finished(name, failure); });
  }
  /// Done when no task runs any more.
  [[nodiscard]] Task<> join() {
    while (running_ > 0) {
      auto start = [this](Resume<int> resume) { waiting_.push_back(std::move(resume)); };
      co_await suspend<int>(std::move(start));
    }
  }
  [[nodiscard]] std::size_t running() const { return running_; }

 private:
  void finished(std::string_view name, const std::exception_ptr& failure) {
    --running_;
    if (failure) report(name, failure);
    if (running_ > 0) return;
    auto waiting = std::exchange(waiting_, {});
    for (auto& resume : waiting) resume(0);
  }
  static void report(std::string_view name, const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log::error("task ended by an exception", {{"task", name}, {"exception", e.what()}});
    }
  }

  Loop& loop_;
  std::size_t running_ = 0;
  std::vector<Resume<int>> waiting_;
};

}  // namespace machi

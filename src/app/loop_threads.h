#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "base/per_loop.h"
#include "base/task.h"

namespace machi::app {

/// The event loops and the threads that run them. The last one is for background work (log, jobs), so that it never
/// delays a request.
class LoopThreads {
 public:
  explicit LoopThreads(std::size_t serving) {
    for (std::size_t i = 0; i <= serving; ++i) {
      loops_.push_back(std::make_unique<Loop>(kOneThread));
      guards_.emplace_back(asio::make_work_guard(*loops_.back()));
    }
  }
  ~LoopThreads() { stop(); }
  LoopThreads(const LoopThreads&) = delete;
  LoopThreads& operator=(const LoopThreads&) = delete;

  void start() {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      threads_.emplace_back([this, i] {
        current_loop_index() = static_cast<int>(i);
        loops_[i]->run();
      });
    }
  }
  void stop() {
    guards_.clear();
    for (auto& loop : loops_) loop->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  /// Runs a task on a loop and waits for it. From outside the loops.
  template <typename T>
  T wait_for(std::size_t loop, Task<T> task) {
    return asio::co_spawn(*loops_[loop], std::move(task), asio::use_future).get();
  }

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] std::size_t serving() const { return loops_.size() - 1; }
  [[nodiscard]] std::size_t background() const { return loops_.size() - 1; }
  [[nodiscard]] Loop& at(std::size_t i) { return *loops_[i]; }

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<asio::executor_work_guard<Loop::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

}  // namespace machi::app

#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/suspend.h"
#include "base/task_scope.h"

namespace machi::broker {

/// Queues of work towards endpoints (scheme, host and port). Work for one endpoint shares sixteen lanes; a lane does
/// one piece after the other, so that a dead endpoint delays nobody else and pieces of one lane keep their order. Lives
/// on one loop.
class DeliveryLanes {
 public:
  using Work = std::move_only_function<Task<>()>;

  explicit DeliveryLanes(Loop& loop) : loop_(loop), scope_(loop) {}

  /// Queues work. Equal `order` at one endpoint: done in the order of the calls.
  void put(const std::string& endpoint, std::size_t order, Work work);
  /// Waits until no more than `most` pieces are queued, or the lanes are stopped.
  [[nodiscard]] Task<> wait_for_room(std::size_t most);
  /// Waits until nothing is queued, at most for `patience`.
  [[nodiscard]] Task<> wait_until_empty(std::chrono::milliseconds patience);
  /// Ends after the pieces under way. What was not begun is kept, with all that it holds, as long as this object lives.
  [[nodiscard]] Task<> stop();

  [[nodiscard]] std::size_t queued_at(const std::string& endpoint) const;
  /// Pieces queued or under way. Thread-safe.
  [[nodiscard]] std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }

 private:
  struct Lane {
    std::deque<Work> work;
    bool running = false;
  };
  struct Endpoint {
    std::array<Lane, 16> lanes;
    std::size_t queued = 0;
  };
  [[nodiscard]] Task<> run(std::string endpoint, std::size_t number);
  void release_waiting();

  Loop& loop_;
  TaskScope scope_;
  std::unordered_map<std::string, Endpoint> endpoints_;
  std::vector<Resume<int>> waiting_;  ///< for room
  std::vector<Work> left_;            ///< not begun before the stop
  std::atomic<std::size_t> queued_{0};
  bool stopped_ = false;
};

}  // namespace machi::broker

#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

#include "base/task.h"

namespace machi::net {

using Deadline = std::chrono::steady_clock::time_point;
using LoopTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                             Loop::executor_type>;

/// Something that one coroutine waits for and others on the same loop bring about.
class Signal {
 public:
  explicit Signal(Loop& loop) : timer_(loop.get_executor()) {}
  void set() {
    set_ = true;
    timer_.cancel();
  }
  [[nodiscard]] bool is_set() const { return set_; }
  /// Returns when it is set or the deadline has passed: see is_set(). The caller keeps this alive.
  [[nodiscard]] Task<> wait_until(Deadline deadline) {
    if (set_) co_return;
    timer_.expires_at(deadline);
    co_await timer_.async_wait(asio::as_tuple(kUseTask));
  }

 private:
  LoopTimer timer_;
  bool set_ = false;
};

}  // namespace machi::net

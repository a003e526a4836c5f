#pragma once
#include <chrono>
#include <cstddef>
#include <optional>

namespace machi::broker {

/// How fast a queue is worked off, measured while something waits in it. Nothing is known of a queue that was empty a
/// moment ago: what was slow then need not be slow now. No I/O.
class ServiceRate {
 public:
  using Clock = std::chrono::steady_clock;

  /// `count` have been done, and others wait.
  void done(std::size_t count, Clock::time_point present);
  /// Nothing waits.
  void idle();
  /// The time that `waiting` will take; nothing while that is not known.
  [[nodiscard]] std::optional<std::chrono::duration<double>> time_for(std::size_t waiting) const;

 private:
  std::optional<Clock::time_point> since_;
  double count_ = 0;       ///< done since then
  double per_second_ = 0;  ///< 0: not known
};

}  // namespace machi::broker

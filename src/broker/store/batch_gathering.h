#pragma once
#include <chrono>
#include <cstddef>

namespace machi::broker {

/// When the next batch of writes should wait a moment. Clients that a batch has answered often write again at once; if
/// the next batch leaves without them, batches stay small, and each costs as much as a larger one. So it waits until as
/// many have come, but for no longer than a share of the time that the last batch took; and when few come, the
/// following batches do not wait: one first, then up to 63. No I/O.
class BatchGathering {
 public:
  using Clock = std::chrono::steady_clock;

  /// `most`: changes that one batch takes; for more it never waits.
  explicit BatchGathering(std::size_t most) : most_(most) {}

  /// A batch with `answered` changes has ended after `took`, and `waiting` changes wait. Answers whether the next batch
  /// should wait for those who were answered, until `until()` at the latest.
  bool begin(std::size_t answered, std::size_t waiting, Clock::duration took, Clock::time_point present);
  /// Whether it still should; once it answers false, that stands until `begin`.
  bool goes_on(std::size_t waiting, Clock::time_point present);
  [[nodiscard]] Clock::time_point until() const { return until_; }

 private:
  std::size_t most_;
  std::size_t goal_ = 0;  ///< changes to wait for; 0: nothing is waited for
  Clock::time_point until_{};
  unsigned misses_ = 0;  ///< in a row
  unsigned skips_ = 0;   ///< batches that will not wait
};

}  // namespace machi::broker

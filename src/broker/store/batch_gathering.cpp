#include "broker/store/batch_gathering.h"

#include <algorithm>

namespace machi::broker {
namespace {

constexpr int kShareOfBatch = 2;  // half of the time that the last one took
constexpr std::chrono::milliseconds kLongest{2};
constexpr unsigned kMostDoublings = 6;

}  // namespace

bool BatchGathering::begin(std::size_t answered, std::size_t waiting, Clock::duration took, Clock::time_point present) {
  goal_ = 0;
  const std::size_t goal = std::min(waiting + answered, most_);
  if (goal <= std::max<std::size_t>(waiting, 1)) return false;
  if (skips_ > 0) {
    --skips_;
    return false;
  }
  goal_ = goal;
  until_ = present + std::min<Clock::duration>(took / kShareOfBatch, kLongest);
  return true;
}

bool BatchGathering::goes_on(std::size_t waiting, Clock::time_point present) {
  if (goal_ == 0) return false;
  if (waiting < goal_ && present < until_) return true;
  const bool paid = waiting * 4 >= goal_ * 3;
  misses_ = paid ? 0 : std::min(misses_ + 1, kMostDoublings);
  skips_ = (1U << misses_) - 1;
  goal_ = 0;
  return false;
}

}  // namespace machi::broker

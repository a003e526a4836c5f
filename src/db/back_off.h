#pragma once
#include <algorithm>
#include <chrono>

namespace machi::db {

/// How long to wait before the next attempt to connect: doubles from 100 ms to 5 s, back to the start after a success.
class BackOff {
 public:
  [[nodiscard]] std::chrono::milliseconds next() {
    const auto wait = wait_;
    wait_ = std::min(wait_ * 2, kLongest);
    return wait;
  }
  void reset() { wait_ = kShortest; }

 private:
  static constexpr std::chrono::milliseconds kShortest{100};
  static constexpr std::chrono::milliseconds kLongest{5000};
  std::chrono::milliseconds wait_ = kShortest;
};

}  // namespace machi::db

#pragma once
#include <algorithm>
#include <chrono>

namespace machi::db {

/// How long a run past its deadline may still take: it is cancelled, and given up if the server does not answer that.
inline constexpr std::chrono::milliseconds kCancelTime{1000};

/// The moment at which an answer is due, whatever the database does.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] static Deadline in(std::chrono::milliseconds time) { return Deadline(Clock::now() + time); }
  explicit Deadline(Clock::time_point moment) : moment_(moment) {}

  [[nodiscard]] Clock::time_point moment() const { return moment_; }
  /// 0 when it is over.
  [[nodiscard]] std::chrono::milliseconds left() const {
    const auto left = std::chrono::floor<std::chrono::milliseconds>(moment_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  }
  /// What Connection::run may be given so that it ends, kCancelTime included, within a share of what is left.
  [[nodiscard]] std::chrono::milliseconds for_run(double share = 1) const {
    const auto all = std::chrono::floor<std::chrono::milliseconds>(left() * share);
    return std::max(all - kCancelTime, all / 2);
  }
  /// Whether there is time to begin again.
  [[nodiscard]] bool allows_another_try() const { return left() > kCancelTime; }
  [[nodiscard]] friend Deadline earlier(Deadline a, Deadline b) { return a.moment_ < b.moment_ ? a : b; }

 private:
  Clock::time_point moment_;
};

}  // namespace machi::db

#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/router.h"

namespace machi::core {

inline constexpr std::size_t kLimitClasses = 5;
[[nodiscard]] std::string_view name_of(net::LimitClass limit_class);

/// What one client may ask for: a rate over time, and how much of it at once. A rate of 0 is no limit.
struct RateLimit {
  std::int64_t per_second = 0;
  std::int64_t burst = 1;
};

/// Token buckets, one for each class of requests and client address. An IPv6 client is its /64, because that is what
/// one subscriber holds. Remembers a bounded number of clients; who has not been seen for longest is forgotten, with
/// full buckets when he comes back. Lives on one loop, takes no lock.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::array<RateLimit, kLimitClasses> limits{};  ///< by net::LimitClass
    std::size_t clients = 4096;
  };
  explicit RateLimiter(const Options& options);

  /// Takes a token; false when there is none. Limits are whole tokens a second, so one is there within a second.
  [[nodiscard]] bool admit(std::string_view address, net::LimitClass limit_class, Clock::time_point now);

  [[nodiscard]] std::size_t clients() const { return entries_.size(); }

 private:
  /// A bucket is the moment at which it is full again: tokens that are missing, as time.
  struct Entry {
    std::string client;
    std::array<Clock::time_point, kLimitClasses> full_at{};
  };
  struct Pace {
    Clock::duration token{};   ///< time in which one comes; 0: no limit
    Clock::duration bucket{};  ///< time in which all come
  };
  [[nodiscard]] Entry& entry_of(std::string_view client);

  std::array<Pace, kLimitClasses> paces_{};
  std::size_t most_clients_;
  std::list<Entry> entries_;  ///< seen last first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_client_;
};

}  // namespace machi::core

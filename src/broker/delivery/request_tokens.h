#pragma once
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace machi::broker {

/// The X-Auth-Token of requests whose notifications are under way, by correlator, so that receivers behind a guard get
/// the token of who made the change (Orion, X-Auth-Token propagation). In memory only and for a minute: tokens enter
/// neither log nor database, so another node, or a later attempt, has none. Thread-safe.
class RequestTokens {
 public:
  /// Does nothing without a token. Two tokens under one correlator: neither is kept.
  void put(std::string_view correlator, std::string_view token);
  /// Empty when there is none.
  [[nodiscard]] std::string find(std::string_view correlator) const;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kKept{60};
  static constexpr std::size_t kAtMost = 10'000;
  struct Token {
    std::string text;
    Clock::time_point until;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Token> tokens_;
};

}  // namespace machi::broker

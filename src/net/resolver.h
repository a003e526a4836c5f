#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/client.h"
#include "net/signal.h"

namespace machi::net {

inline constexpr std::string_view kTimeoutWords = "Timeout was reached";

/// Names to addresses for one loop. getaddrinfo blocks, so it runs on a few threads of its own, started with the first
/// name that is not an address; the number of waiting look-ups is bounded.
class Resolver {
 public:
  explicit Resolver(Loop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The addresses of `host` that `guard` permits, in the system's order of preference. Forms like `0x7f.1` or
  /// `2130706433`, which getaddrinfo takes for addresses, are judged by what they denote.
  /// Errors: bad_gateway (unknown name), forbidden (no address is permitted), timeout, busy.
  [[nodiscard]] Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                                           std::shared_ptr<const OutgoingGuard> guard,
                                                                           Deadline deadline);
  /// Waits for look-ups under way; none starts any more. Call while the loop still exists.
  void stop();

 private:
  struct Lookup;
  struct Threads;
  [[nodiscard]] Task<Result<std::vector<asio::ip::address>>> look_up(std::string host, Deadline deadline);

  Loop& loop_;
  std::unique_ptr<Threads> threads_;
  bool stopped_ = false;
};

}  // namespace machi::net

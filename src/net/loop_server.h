#pragma once
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "net/connection.h"
#include "net/server.h"
#include "net/tls.h"
#include "net/trusted_proxies.h"

namespace machi::net {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Loop::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         Loop::executor_type>;

/// What the loops of a server share; it does not change while they serve.
struct ServerSetup {
  ServerLimits limits;
  TrustedProxies proxies;
  std::shared_ptr<TlsServerContext> tls;  ///< empty: plain TCP
  std::shared_ptr<const Router> router;
};

/// The part of a server that lives on one loop: accepts, and watches the time of its connections. One coarse sweep
/// stands for the timers of all: a deadline is met a tenth of a second late.
class LoopServer : public std::enable_shared_from_this<LoopServer> {
 public:
  using Clock = Connection::Clock;

  LoopServer(Loop& loop, Acceptor acceptor, std::shared_ptr<const ServerSetup> setup);

  /// Listens and begins to accept. Errors: bad_request, conflict. Any thread.
  [[nodiscard]] Result<> start();
  /// Stops to accept and lets connections end; calls back once none is left. This loop.
  void drain(std::function<void()> when_empty);
  /// Stops to accept and closes all connections. This loop.
  void abort();

  void enter(Connection& connection) { connections_.insert(&connection); }
  void leave(Connection& connection);

  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] const ServerSetup& setup() const { return *setup_; }
  [[nodiscard]] bool is_draining() const { return is_draining_; }
  /// The time of the last sweep.
  [[nodiscard]] Clock::time_point coarse_now() const { return coarse_now_; }
  /// The time as the Date header shows it, rendered once a second.
  [[nodiscard]] std::string_view date();
  [[nodiscard]] std::uint16_t port() const;

 private:
  static Task<> accept_loop(std::shared_ptr<LoopServer> self);
  static Task<> sweep_loop(std::shared_ptr<LoopServer> self);
  void admit(Socket socket);
  void sweep();
  void stop_accepting();

  Loop& loop_;
  Acceptor acceptor_;
  Timer pause_;
  Timer sweep_timer_;
  std::shared_ptr<const ServerSetup> setup_;
  std::unordered_set<Connection*> connections_;
  std::function<void()> when_empty_;
  Clock::time_point coarse_now_ = Clock::now();
  std::int64_t date_second_ = -1;
  std::string date_;
  bool is_draining_ = false;
};

}  // namespace machi::net

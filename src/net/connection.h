#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>

#include "base/task.h"

namespace machi::net {

class LoopServer;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Loop::executor_type>;

/// One accepted connection, as the loop that serves it sees it. It lives in its own coroutine.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// The deadline has passed: a request that is being read is answered with 408, anything else is cut.
  virtual void expire() = 0;
  /// Closes when no request is under way, else after it.
  virtual void drain() = 0;
  /// Closes now. A handler that runs goes on and finds nobody to answer to.
  virtual void abort() = 0;

  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }

 protected:
  Clock::time_point deadline_ = Clock::time_point::max();  // seen by the sweep of the loop, not exact
};

/// Serves HTTP on this socket, over TLS where the server has certificates, until either side ends it.
void serve_connection(Socket socket, std::shared_ptr<LoopServer> server);

}  // namespace machi::net

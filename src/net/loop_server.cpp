#include "net/loop_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "base/log.h"

namespace machi::net {
namespace {

constexpr auto kSweep = std::chrono::milliseconds(100);
// Out of descriptors: accepting at once again would only spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

}  // namespace

LoopServer::LoopServer(Loop& loop, Acceptor acceptor, std::shared_ptr<const ServerSetup> setup)
    : loop_(loop), acceptor_(std::move(acceptor)), pause_(loop), sweep_timer_(loop), setup_(std::move(setup)) {}

Result<> LoopServer::start() {
  boost::system::error_code ec;
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return fail(ErrorCode::conflict, "cannot listen: " + ec.message(), "port");
  asio::co_spawn(loop_, accept_loop(shared_from_this()), asio::detached);
  asio::co_spawn(loop_, sweep_loop(shared_from_this()), asio::detached);
  return {};
}

std::uint16_t LoopServer::port() const {
  boost::system::error_code ec;
  const auto endpoint = acceptor_.local_endpoint(ec);
  return ec ? std::uint16_t{0} : endpoint.port();
}

Task<> LoopServer::accept_loop(std::shared_ptr<LoopServer> self) {
  while (!self->is_draining_) {
    boost::system::error_code ec;
    Socket socket = co_await self->acceptor_.async_accept(asio::redirect_error(kUseTask, ec));
    if (self->is_draining_) co_return;
    if (!ec) {
      self->admit(std::move(socket));
      continue;
    }
    log::warn("a connection could not be accepted", {{"reason", ec.message()}});
    self->pause_.expires_after(kAcceptPause);
    co_await self->pause_.async_wait(asio::redirect_error(kUseTask, ec));
  }
}

void LoopServer::admit(Socket socket) {
  boost::system::error_code ec;
  socket.non_blocking(true, ec);
  if (ec) return;
  if (connections_.size() >= setup_->limits.connections) {
    if (!setup_->tls) socket.write_some(asio::buffer(kFull), ec);
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  serve_connection(std::move(socket), shared_from_this());
}

Task<> LoopServer::sweep_loop(std::shared_ptr<LoopServer> self) {
  while (!self->is_draining_ || !self->connections_.empty()) {
    self->sweep_timer_.expires_after(kSweep);
    boost::system::error_code ec;
    co_await self->sweep_timer_.async_wait(asio::redirect_error(kUseTask, ec));
    self->sweep();
  }
}

void LoopServer::sweep() {
  coarse_now_ = Clock::now();
  for (Connection* connection : connections_) {
    if (connection->deadline() <= coarse_now_) connection->expire();
  }
}

std::string_view LoopServer::date() {
  const Timestamp time = now();
  const std::int64_t second = time.microseconds / 1'000'000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = to_http_date(time);
  }
  return date_;
}

void LoopServer::stop_accepting() {
  is_draining_ = true;
  boost::system::error_code ec;
  acceptor_.close(ec);
  pause_.cancel();
}

void LoopServer::drain(std::function<void()> when_empty) {
  stop_accepting();
  when_empty_ = std::move(when_empty);
  for (Connection* connection : connections_) connection->drain();
  if (!connections_.empty()) return;
  sweep_timer_.cancel();
  if (when_empty_) std::exchange(when_empty_, nullptr)();
}

void LoopServer::abort() {
  stop_accepting();
  for (Connection* connection : connections_) connection->abort();
}

void LoopServer::leave(Connection& connection) {
  connections_.erase(&connection);
  if (!is_draining_ || !connections_.empty()) return;
  sweep_timer_.cancel();
  if (when_empty_) std::exchange(when_empty_, nullptr)();
}

}  // namespace machi::net

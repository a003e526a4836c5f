#include "net/server.h"

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "net/loop_server.h"

namespace machi::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAfterAbort = std::chrono::seconds(1);

Failure bind_failure(const error_code& ec, const tcp::endpoint& endpoint) {
  if (ec == asio::error::address_in_use) {
    return fail(ErrorCode::conflict, "port " + std::to_string(endpoint.port()) + " is in use", "port");
  }
  return fail(ErrorCode::bad_request, "cannot bind to " + endpoint.address().to_string() + ": " + ec.message(),
              "address");
}

/// With SO_REUSEPORT alone a second server would take part in the port of the first without a word.
Result<> check_free(Loop& loop, const tcp::endpoint& endpoint) {
  error_code ec;
  Acceptor probe(loop);
  probe.open(endpoint.protocol(), ec);
  if (!ec) probe.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) probe.bind(endpoint, ec);
  if (ec) return bind_failure(ec, endpoint);
  return {};
}

Result<Acceptor> open_acceptor(Loop& loop, const tcp::endpoint& endpoint) {
  error_code ec;
  Acceptor acceptor(loop);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (ec) return bind_failure(ec, endpoint);
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return bind_failure(error_code(errno, boost::system::system_category()), endpoint);
  }
  acceptor.bind(endpoint, ec);
  if (ec) return bind_failure(ec, endpoint);
  return acceptor;
}

/// Counts the loops that still have connections, on the loop of the one who waits.
struct Drained {
  Timer timer;
  std::size_t open;
};

Task<> wait_until_drained(std::shared_ptr<Drained> drained, std::chrono::milliseconds patience) {
  drained->timer.expires_after(patience);
  if (drained->open == 0) co_return;
  error_code ec;
  co_await drained->timer.async_wait(asio::redirect_error(kUseTask, ec));
}

}  // namespace

struct Server::State {
  std::shared_ptr<const ServerSetup> setup;
  std::vector<std::shared_ptr<LoopServer>> loops;
  std::uint16_t port = 0;
};

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::bind(std::vector<Loop*> loops, ServerOptions options,
                                             std::shared_ptr<const Router> router) {
  auto proxies = TrustedProxies::from(options.trusted_proxies);
  if (!proxies) return fail(std::move(proxies.error()));
  std::shared_ptr<TlsServerContext> tls;
  if (options.tls) {
    auto loaded = TlsServerContext::load(*options.tls);
    if (!loaded) return fail(std::move(loaded.error()));
    tls = *std::move(loaded);
  }
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return fail(ErrorCode::bad_request, "not an address: " + options.address, "address");

  auto state = std::make_shared<State>();
  state->setup =
      std::make_shared<const ServerSetup>(options.limits, *std::move(proxies), std::move(tls), std::move(router));
  tcp::endpoint endpoint(address, options.port);
  for (Loop* loop : loops) {
    if (state->loops.empty() && endpoint.port() != 0) {
      if (auto free = check_free(*loop, endpoint); !free) return fail(std::move(free.error()));
    }
    auto acceptor = open_acceptor(*loop, endpoint);
    if (!acceptor) return fail(std::move(acceptor.error()));
    state->loops.push_back(std::make_shared<LoopServer>(*loop, *std::move(acceptor), state->setup));
    endpoint.port(state->loops.front()->port());
  }
  state->port = endpoint.port();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  for (const auto& server : state_->loops) {
    asio::post(server->loop(), [server] { server->abort(); });
  }
}

std::uint16_t Server::port() const {
  return state_->port;
}

void Server::start() {
  for (const auto& server : state_->loops) {
    if (auto started = server->start(); !started) {
      log::error("the server cannot accept", {{"reason", started.error().message}});
    }
  }
}

Task<> Server::stop(std::chrono::milliseconds patience) {
  const auto executor = co_await asio::this_coro::executor;
  const auto state = state_;
  auto drained = std::make_shared<Drained>(Timer(executor), state->loops.size());
  for (const auto& server : state->loops) {
    asio::post(server->loop(), [server, drained, executor] {
      server->drain([drained, executor] {
        asio::post(executor, [drained] {
          if (--drained->open == 0) drained->timer.cancel();
        });
      });
    });
  }
  co_await wait_until_drained(drained, patience);
  if (drained->open == 0) co_return;
  for (const auto& server : state->loops) {
    asio::post(server->loop(), [server] { server->abort(); });
  }
  co_await wait_until_drained(drained, kAfterAbort);
}

Result<> Server::reload_certificates() {
  if (!state_->setup->tls) return {};
  return state_->setup->tls->reload();
}

}  // namespace machi::net

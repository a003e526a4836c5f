#include "net/resolver.h"

#include <netdb.h>

#include <boost/asio/thread_pool.hpp>
#include <cstring>

namespace machi::net {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kWaiting = 256;

using Addresses = std::vector<asio::ip::address>;

Addresses addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Addresses out;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    out.push_back(endpoint.address());
  }
  return out;
}

}  // namespace

struct Resolver::Lookup {
  explicit Lookup(Loop& loop) : done(loop) {}
  Signal done;
  Addresses addresses;
};

struct Resolver::Threads {
  asio::thread_pool pool{kThreads};
  std::atomic<std::size_t> waiting = 0;
};

Resolver::Resolver(Loop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  stop();
}

void Resolver::stop() {
  stopped_ = true;
  if (threads_) threads_->pool.join();
  threads_.reset();
}

Task<Result<Addresses>> Resolver::look_up(std::string host, Deadline deadline) {
  if (stopped_) co_return fail(ErrorCode::busy, "The server is stopping");
  if (!threads_) threads_ = std::make_unique<Threads>();
  if (threads_->waiting >= kWaiting) co_return fail(ErrorCode::busy, "Too many names wait to be resolved");
  ++threads_->waiting;
  auto lookup = std::make_shared<Lookup>(loop_);
  asio::post(threads_->pool, [lookup, host, &loop = loop_, threads = threads_.get()] {
    auto addresses = addresses_of(host);
    --threads->waiting;
    asio::post(loop, [lookup, addresses = std::move(addresses)]() mutable {
      lookup->addresses = std::move(addresses);
      lookup->done.set();
    });
  });
  co_await lookup->done.wait_until(deadline);
  if (!lookup->done.is_set()) co_return fail(ErrorCode::timeout, std::string(kTimeoutWords));
  if (lookup->addresses.empty()) co_return fail(ErrorCode::bad_gateway, "Could not resolve hostname");
  co_return std::move(lookup->addresses);
}

Task<Result<std::vector<asio::ip::tcp::endpoint>>> Resolver::resolve(std::string host, std::uint16_t port,
                                                                     std::shared_ptr<const OutgoingGuard> guard,
                                                                     Deadline deadline) {
  Addresses addresses;
  boost::system::error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    addresses.push_back(literal);
  } else {
    auto found = co_await look_up(std::move(host), deadline);
    if (!found) co_return fail(found.error());
    addresses = std::move(*found);
  }
  std::vector<asio::ip::tcp::endpoint> permitted;
  for (const auto& address : addresses) {
    if (guard->permits(address.to_string())) permitted.emplace_back(address, port);
  }
  if (permitted.empty()) {
    co_return fail(ErrorCode::forbidden, "The address of this URL is not one that outgoing requests may reach");
  }
  co_return permitted;
}

}  // namespace machi::net

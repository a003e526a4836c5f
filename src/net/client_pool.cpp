#include "net/client_pool.h"

namespace machi::net {
namespace {

/// Kept connections of one loop over all origins; beyond, a connection is closed after its answer.
constexpr std::size_t kIdleAtMost = 256;

}  // namespace

struct ClientPool::Waiter {
  explicit Waiter(Loop& loop) : granted(loop) {}
  Signal granted;
  std::unique_ptr<ClientConnection> connection;
};

ClientPool::Lease::~Lease() {
  if (pool_) pool_->give_back(origin_, std::move(connection));
}

ClientPool::ClientPool(Loop& loop, Client::Options options)
    : loop_(loop), options_(std::move(options)), reaper_(loop.get_executor()) {}

Task<Result<ClientPool::Lease>> ClientPool::acquire(std::string origin, Deadline deadline) {
  auto& place = origins_[origin];
  if (place.leased < options_.connections_per_host) {
    ++place.leased;
    auto kept = take_idle(place);
    co_return Lease(shared_from_this(), std::move(origin), std::move(kept));
  }
  if (place.waiting.size() >= options_.waiting_per_host) {
    co_return fail(ErrorCode::busy, "Too many requests wait for this server");
  }
  auto self = shared_from_this();
  auto waiter = std::make_shared<Waiter>(loop_);
  place.waiting.push_back(waiter);
  co_await waiter->granted.wait_until(deadline);
  if (waiter->granted.is_set()) co_return Lease(self, std::move(origin), std::move(waiter->connection));
  std::erase(origins_[origin].waiting, waiter);
  forget_if_unused(origin);
  co_return fail(ErrorCode::timeout, std::string(kTimeoutWords));
}

void ClientPool::give_back(const std::string& origin, std::unique_ptr<ClientConnection> connection) {
  auto& place = origins_[origin];
  if (!place.waiting.empty()) {
    const auto next = std::move(place.waiting.front());
    place.waiting.pop_front();
    if (connection && connection->is_quiet()) next->connection = std::move(connection);
    next->granted.set();
    return;
  }
  --place.leased;
  if (connection && !stopped_ && idle_count_ < kIdleAtMost) keep(place, std::move(connection));
  forget_if_unused(origin);
}

void ClientPool::forget_if_unused(const std::string& origin) {
  const auto found = origins_.find(origin);
  if (found == origins_.end()) return;
  const auto& place = found->second;
  if (place.leased == 0 && place.idle.empty() && place.waiting.empty()) origins_.erase(found);
}

void ClientPool::keep(Origin& origin, std::unique_ptr<ClientConnection> connection) {
  origin.idle.push_back({std::move(connection), std::chrono::steady_clock::now() + options_.idle_time});
  ++idle_count_;
  arm_reaper();
}

std::unique_ptr<ClientConnection> ClientPool::take_idle(Origin& origin) {
  while (!origin.idle.empty()) {
    auto newest = std::move(origin.idle.back().connection);
    origin.idle.pop_back();
    --idle_count_;
    if (newest->is_quiet()) return newest;
  }
  return nullptr;
}

void ClientPool::arm_reaper() {
  if (reaper_armed_ || stopped_) return;
  reaper_armed_ = true;
  reaper_.expires_after(options_.idle_time);
  reaper_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->reap();
  });
}

void ClientPool::reap() {
  reaper_armed_ = false;
  const auto now = std::chrono::steady_clock::now();
  for (auto at = origins_.begin(); at != origins_.end();) {
    auto& place = at->second;
    while (!place.idle.empty() && place.idle.front().until <= now) {
      place.idle.pop_front();
      --idle_count_;
    }
    const bool unused = place.leased == 0 && place.idle.empty() && place.waiting.empty();
    at = unused ? origins_.erase(at) : std::next(at);
  }
  if (idle_count_ > 0) arm_reaper();
}

void ClientPool::stop() {
  stopped_ = true;
  reaper_.cancel();
  for (auto& [name, place] : origins_) place.idle.clear();
  idle_count_ = 0;
}

}  // namespace machi::net

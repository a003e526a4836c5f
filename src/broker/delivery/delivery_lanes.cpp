#include "broker/delivery/delivery_lanes.h"

#include <boost/asio/redirect_error.hpp>
#include <iterator>
#include <utility>

namespace machi::broker {

void DeliveryLanes::put(const std::string& endpoint, std::size_t order, Work work) {
  if (stopped_) return left_.push_back(std::move(work));
  Endpoint& target = endpoints_[endpoint];
  const std::size_t number = order % target.lanes.size();
  Lane& lane = target.lanes[number];
  lane.work.push_back(std::move(work));
  ++target.queued;
  queued_.fetch_add(1, std::memory_order_relaxed);
  if (std::exchange(lane.running, true)) return;
  scope_.spawn("delivery lane", run(endpoint, number));
}

Task<> DeliveryLanes::run(std::string endpoint, std::size_t number) {
  Endpoint& target = endpoints_[endpoint];  // never erased while a lane runs
  Lane& lane = target.lanes[number];
  while (!lane.work.empty()) {
    Work work = std::move(lane.work.front());
    lane.work.pop_front();
    co_await work();
    --target.queued;
    queued_.fetch_sub(1, std::memory_order_relaxed);
    release_waiting();
  }
  lane.running = false;
}

void DeliveryLanes::release_waiting() {
  auto waiting = std::exchange(waiting_, {});
  for (auto& resume : waiting) resume(0);
}

Task<> DeliveryLanes::wait_for_room(std::size_t most) {
  while (queued() > most && !stopped_) {
    auto wait = [this](Resume<int> resume) { waiting_.push_back(std::move(resume)); };
    co_await suspend<int>(std::move(wait));
  }
}

Task<> DeliveryLanes::wait_until_empty(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  LoopTimer tick(loop_);
  while (queued() > 0 && std::chrono::steady_clock::now() < deadline) {
    tick.expires_after(std::chrono::milliseconds(10));
    boost::system::error_code ignored;
    co_await tick.async_wait(asio::redirect_error(kUseTask, ignored));
  }
}

Task<> DeliveryLanes::stop() {
  stopped_ = true;
  for (auto& [name, endpoint] : endpoints_) {
    for (Lane& lane : endpoint.lanes) {
      std::ranges::move(std::exchange(lane.work, {}), std::back_inserter(left_));
    }
  }
  release_waiting();
  co_await scope_.join();
}

std::size_t DeliveryLanes::queued_at(const std::string& endpoint) const {
  const auto it = endpoints_.find(endpoint);
  return it == endpoints_.end() ? 0 : it->second.queued;
}

}  // namespace machi::broker

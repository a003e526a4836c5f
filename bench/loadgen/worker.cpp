#include "loadgen/worker.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace bench {

void Outcome::add(const Outcome& other_outcome) {
  accepted.add(other_outcome.accepted);
  refused.add(other_outcome.refused);
  other.add(other_outcome.other);
  for (const auto& [status, count] : other_outcome.statuses) statuses[status] += count;
  lost += other_outcome.lost;
  unsent += other_outcome.unsent;
  seconds = std::max(seconds, other_outcome.seconds);
}

Worker::Worker(Load load) : load_(std::move(load)), epoll_(epoll_create1(EPOLL_CLOEXEC)), random_(load_.seed) {
  std::vector<double> weights;
  for (const auto& [weight, request] : load_.requests) weights.push_back(weight);
  choice_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
}

Worker::~Worker() {
  connections_.clear();
  ::close(epoll_);
}

std::int64_t Worker::now() const {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::int64_t Worker::next_gap() {
  const double mean = 1e6 / load_.rate;
  if (load_.arrivals == Arrivals::constant) return std::llround(mean);
  return std::llround(std::exponential_distribution<double>(1.0 / mean)(random_));
}

std::string Worker::next_request() {
  std::string request;
  load_.requests[choice_(random_)].second.write(request, load_.ids, random_);
  return request;
}

void Worker::record(const Connection& connection) {
  const std::int64_t time = now();
  if (time < counted_from_ || time > end_) return;
  const int status = connection.status();
  ++outcome_.statuses[status];
  const std::int64_t took = time - connection.due();
  if (status < 400) {
    outcome_.accepted.record(took);
  } else if (status == 429 || status == 503) {
    outcome_.refused.record(took);
  } else {
    outcome_.other.record(took);
  }
}

void Worker::on_event(std::uint32_t index, std::uint32_t events) {
  Connection& connection = *connections_[index];
  const bool was_busy = connection.is_busy();
  const Connection::Event event = connection.on_ready(events);
  if (event == Connection::Event::waiting) return;
  if (event == Connection::Event::answered) {
    record(connection);
  } else if (was_busy) {
    ++outcome_.lost;
  }
  if (event == Connection::Event::lost || !connection.is_open()) connection.open(epoll_, index, load_.address);
  if (event == Connection::Event::lost && !was_busy) return;  // it is in the idle list already
  if (load_.arrivals == Arrivals::closed && now() < end_ && connection.is_open()) {
    connection.send(next_request(), now());
  } else {
    idle_.push_back(index);
  }
}

/// Starts what is due on free connections.
void Worker::release_due(std::int64_t time) {
  while (load_.arrivals != Arrivals::closed && next_arrival_ <= time && next_arrival_ < end_) {
    due_.push_back(next_arrival_);
    next_arrival_ += next_gap();
  }
  while (!due_.empty() && !idle_.empty()) {
    const std::uint32_t index = idle_.back();
    idle_.pop_back();
    Connection& connection = *connections_[index];
    if (!connection.is_open() && !connection.open(epoll_, index, load_.address)) {
      ++outcome_.lost;
      idle_.insert(idle_.begin(), index);
      return;
    }
    connection.send(next_request(), due_.front());
    due_.pop_front();
  }
}

int Worker::wait_milliseconds(std::int64_t time) const {
  if (load_.arrivals == Arrivals::closed || idle_.empty()) return 10;
  // Finer than epoll's milliseconds: an arrival within the next one is waited for actively.
  return static_cast<int>(std::clamp<std::int64_t>((next_arrival_ - time) / 1000, 0, 10));
}

Outcome Worker::run() {
  const std::int64_t start = now();
  counted_from_ = start + std::llround(load_.warm_up * 1e6);
  end_ = counted_from_ + std::llround(load_.seconds * 1e6);
  next_arrival_ = start;
  for (int i = 0; i < load_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>());
    const auto index = static_cast<std::uint32_t>(i);
    if (!connections_.back()->open(epoll_, index, load_.address)) ++outcome_.lost;
    if (load_.arrivals == Arrivals::closed) {
      connections_.back()->send(next_request(), now());
    } else {
      idle_.push_back(index);
    }
  }
  std::array<epoll_event, 256> events{};
  for (std::int64_t time = start; time < end_; time = now()) {
    release_due(time);
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_milliseconds(time));
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      on_event(event.data.u32, event.events);
    }
  }
  outcome_.unsent = due_.size();
  outcome_.seconds = load_.seconds;
  return std::move(outcome_);
}

}  // namespace bench

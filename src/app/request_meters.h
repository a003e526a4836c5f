#pragma once
#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/metrics.h"
#include "net/router.h"

namespace machi::app {

/// Counts answers by operation and class of status, and how long they took. Thread-safe.
class RequestMeters {
 public:
  /// Makes the series of every operation of `groups`, whose routes must outlive this.
  RequestMeters(core::Metrics& metrics, const std::vector<net::RouteGroup>& groups);
  void observe(const net::Answered& answered) const;

 private:
  struct Meters {
    std::array<core::Counter*, 6> answers{};
    core::Histogram* time = nullptr;
  };
  void add(core::Metrics& metrics, std::string_view operation);
  std::unordered_map<std::string_view, Meters> by_operation_;
};

}  // namespace machi::app

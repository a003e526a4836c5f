#include "app/request_meters.h"

#include <algorithm>
#include <string>

namespace machi::app {

RequestMeters::RequestMeters(core::Metrics& metrics, const std::vector<net::RouteGroup>& groups) {
  for (const net::RouteGroup& group : groups) {
    for (const net::Route& route : group.routes) add(metrics, route.operation.id);
  }
  add(metrics, "");
}

void RequestMeters::observe(const net::Answered& answered) const {
  const auto meters = by_operation_.find(answered.route == nullptr ? std::string_view() : answered.route->operation.id);
  if (meters == by_operation_.end()) return;
  const int status_class = std::clamp(answered.response.status / 100, 1, 5);
  meters->second.answers.at(static_cast<std::size_t>(status_class))->add();
  meters->second.time->observe(answered.microseconds);
}

void RequestMeters::add(core::Metrics& metrics, std::string_view operation) {
  if (by_operation_.contains(operation)) return;  // several routes may share one: the files of a page
  Meters meters;
  const std::string label = "operation=\"" + std::string(operation.empty() ? "unknown" : operation) + "\"";
  for (std::size_t i = 1; i < meters.answers.size(); ++i) {
    meters.answers.at(i) = &metrics.counter("machi_http_requests_total", "Requests answered.",
                                            label + ",status=\"" + std::to_string(i) + "xx\"");
  }
  meters.time = &metrics.histogram("machi_http_request_seconds", "Time from the whole request to its answer.", label);
  by_operation_.emplace(operation, meters);
}

}  // namespace machi::app

#include "broker/usage.h"

#include <utility>

#include "base/json_writer.h"
#include "base/per_loop.h"
#include "broker/ngsiv2/preconditions.h"

namespace machi::broker {
namespace {

/// The first of the named paths, without `/#`.
std::string_view plain_path(const std::vector<std::string>& paths) {
  if (paths.empty()) return "/";
  std::string_view path = paths.front();
  if (path.ends_with("/#")) path.remove_suffix(2);
  return path.empty() ? "/" : path;
}

void count_kind(RequestCounts& counts, const net::Answered& answered) {
  if (answered.request_bytes == 0) {
    ++counts.no_payload;
  } else if (answered.request.headers.get("Content-Type").starts_with("text/")) {
    ++counts.text;
  } else {
    ++counts.json;
  }
}

void write_traffic(JsonWriter& json, const Traffic& traffic) {
  const std::pair<std::string_view, std::uint64_t> counters[] = {
      {"incomingTransactions", traffic.incoming},
      {"incomingTransactionErrors", traffic.incoming_errors},
      {"incomingTransactionRequestSize", traffic.incoming_request_bytes},
      {"incomingTransactionResponseSize", traffic.incoming_response_bytes},
      {"outgoingTransactions", traffic.outgoing},
      {"outgoingTransactionErrors", traffic.outgoing_errors},
      {"outgoingTransactionRequestSize", traffic.outgoing_request_bytes},
      {"outgoingTransactionResponseSize", traffic.outgoing_response_bytes},
  };
  json.begin_object();
  for (const auto& [name, value] : counters) {
    if (value != 0) json.key(name).integer(static_cast<std::int64_t>(value));
  }
  if (traffic.incoming != 0) {
    json.key("serviceTime")
        .number(static_cast<double>(traffic.microseconds) / 1e6 / static_cast<double>(traffic.incoming));
  }
  json.end_object();
}

using TrafficByPath = std::map<std::string, Traffic, std::less<>>;

void write_paths(JsonWriter& json, const TrafficByPath& paths) {
  Traffic sum;
  json.begin_object();
  json.key("subservs").begin_object();
  for (const auto& [path, traffic] : paths) {
    json.key(path == "/" ? std::string_view("root-subserv") : std::string_view(path).substr(1));
    write_traffic(json, traffic);
    sum += traffic;
  }
  json.end_object();
  json.key("sum");
  write_traffic(json, sum);
  json.end_object();
}

void merge(TrafficByService& into, const TrafficByService& from) {
  for (const auto& [service, paths] : from) {
    for (const auto& [path, traffic] : paths) into[service][path] += traffic;
  }
}

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) {
  incoming += other.incoming;
  incoming_errors += other.incoming_errors;
  incoming_request_bytes += other.incoming_request_bytes;
  incoming_response_bytes += other.incoming_response_bytes;
  outgoing += other.outgoing;
  outgoing_errors += other.outgoing_errors;
  outgoing_request_bytes += other.outgoing_request_bytes;
  outgoing_response_bytes += other.outgoing_response_bytes;
  microseconds += other.microseconds;
  return *this;
}

Usage::Shard& Usage::here() {
  return shards_.at(static_cast<std::size_t>(current_loop_index() + 1) % shards_.size());
}

Traffic& Usage::entry(Shard& shard, std::string_view service, std::string_view path) {
  auto paths = shard.traffic.find(service);
  if (paths != shard.traffic.end()) {
    if (const auto traffic = paths->second.find(path); traffic != paths->second.end()) return traffic->second;
  }
  if (shard.service_paths >= kServicePathsAtMost) return shard.traffic[""]["/"];
  ++shard.service_paths;
  return shard.traffic[std::string(service)][std::string(path)];
}

void Usage::answered(const net::Answered& answered) {
  const auto service = ngsiv2::read_service(answered.request.headers);
  const auto paths = ngsiv2::read_service_paths(answered.request.headers, net::Method::get);
  Shard& shard = here();
  const std::scoped_lock lock(shard.mutex);
  count_kind(shard.counts, answered);
  if (answered.route != nullptr) ++shard.counts.by_route[answered.route];
  if (!service || !paths) return;
  Traffic& traffic = entry(shard, *service, plain_path(*paths));
  ++traffic.incoming;
  if (answered.response.status >= 400) ++traffic.incoming_errors;
  traffic.incoming_request_bytes += answered.request_bytes;
  traffic.incoming_response_bytes += answered.response.body.size();
  traffic.microseconds += answered.microseconds;
}

void Usage::sent(std::string_view service, std::string_view path, std::size_t request_bytes, std::size_t response_bytes,
                 bool success) {
  Shard& shard = here();
  const std::scoped_lock lock(shard.mutex);
  Traffic& traffic = entry(shard, service, path);
  ++traffic.outgoing;
  if (!success) ++traffic.outgoing_errors;
  traffic.outgoing_request_bytes += request_bytes;
  traffic.outgoing_response_bytes += response_bytes;
}

TrafficByService Usage::traffic() const {
  TrafficByService sum;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    merge(sum, shard.traffic);
  }
  return sum;
}

TrafficByService Usage::take_traffic() {
  TrafficByService sum;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    merge(sum, std::exchange(shard.traffic, {}));
    shard.service_paths = 0;
  }
  return sum;
}

RequestCounts Usage::counts() const {
  RequestCounts sum;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum.json += shard.counts.json;
    sum.text += shard.counts.text;
    sum.no_payload += shard.counts.no_payload;
    for (const auto& [route, count] : shard.counts.by_route) sum.by_route[route] += count;
  }
  return sum;
}

void Usage::reset_counts() {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    shard.counts = {};
  }
  counting_since_ = now();
}

Timestamp Usage::counting_since() const {
  return counting_since_;
}

std::string render_traffic(const TrafficByService& traffic) {
  TrafficByPath sum;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("services").begin_object();
  for (const auto& [service, paths] : traffic) {
    json.key(service.empty() ? std::string_view("default-service") : std::string_view(service));
    write_paths(json, paths);
    for (const auto& [path, path_traffic] : paths) sum[path] += path_traffic;
  }
  json.end_object();
  json.key("sum");
  write_paths(json, sum);
  json.end_object();
  return out;
}

}  // namespace machi::broker

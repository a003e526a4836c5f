#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "net/router.h"

namespace machi::broker {

/// What went in and out for one service path. Bytes are those of bodies.
struct Traffic {
  std::uint64_t incoming = 0, incoming_errors = 0, incoming_request_bytes = 0, incoming_response_bytes = 0;
  std::uint64_t outgoing = 0, outgoing_errors = 0, outgoing_request_bytes = 0, outgoing_response_bytes = 0;
  std::int64_t microseconds = 0;  ///< in all, to answer the incoming ones

  Traffic& operator+=(const Traffic& other);
};

/// Traffic by tenant's name (empty: the default one), then by service path.
using TrafficByService = std::map<std::string, std::map<std::string, Traffic, std::less<>>, std::less<>>;

/// Requests by kind of body and by operation.
struct RequestCounts {
  std::uint64_t json = 0, text = 0, no_payload = 0;
  std::map<const net::Route*, std::uint64_t> by_route{};
};

/// Who uses the broker how much, since the start or the last reset: what Orion's clients know as metrics and
/// statistics. Thread-safe; each loop counts for itself.
class Usage {
 public:
  /// A request with a broken service or service path is counted as a request, but for no service.
  void answered(const net::Answered& answered);
  /// A notification or a forward. `path` is a service path.
  void sent(std::string_view service, std::string_view path, std::size_t request_bytes, std::size_t response_bytes,
            bool success);

  [[nodiscard]] TrafficByService traffic() const;
  /// Gives and forgets it.
  TrafficByService take_traffic();
  [[nodiscard]] RequestCounts counts() const;
  void reset_counts();
  /// Since when counts() counts.
  [[nodiscard]] Timestamp counting_since() const;

 private:
  /// Names come from requests: those beyond are counted together under the service path `/` of the default service.
  static constexpr std::size_t kServicePathsAtMost = 10'000;
  struct Shard {
    mutable std::mutex mutex;
    TrafficByService traffic;
    std::size_t service_paths = 0;
    RequestCounts counts;
  };
  Shard& here();
  static Traffic& entry(Shard& shard, std::string_view service, std::string_view path);

  std::array<Shard, 8> shards_;
  std::atomic<Timestamp> counting_since_{now()};
};

/// The object of `GET /admin/metrics` (Orion, metrics API): `{"services":{…},"sum":{…}}`; counters that are 0 are left
/// out, `serviceTime` is in seconds, in the mean.
[[nodiscard]] std::string render_traffic(const TrafficByService& traffic);

}  // namespace machi::broker

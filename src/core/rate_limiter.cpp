#include "core/rate_limiter.h"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>

#include "base/task.h"

namespace machi::core {
namespace {

constexpr std::size_t kPrefixBytes = 8;

/// Who is counted together: the address, of IPv6 its first 64 bits.
std::string_view client_of(std::string_view address, std::string& buffer) {
  if (!address.contains(':')) return address;
  boost::system::error_code error;
  const auto v6 = asio::ip::make_address_v6(std::string(address), error);
  if (error) return address;
  if (v6.is_v4_mapped()) {
    buffer = asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
    return buffer;
  }
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + kPrefixBytes, bytes.end(), 0);
  buffer = asio::ip::address_v6(bytes).to_string();
  return buffer;
}

}  // namespace

std::string_view name_of(net::LimitClass limit_class) {
  constexpr std::array<std::string_view, kLimitClasses> kNames{"read", "query", "write", "batch", "operations"};
  return kNames.at(static_cast<std::size_t>(limit_class));
}

RateLimiter::RateLimiter(const Options& options) : most_clients_(std::max<std::size_t>(options.clients, 1)) {
  for (std::size_t i = 0; i < kLimitClasses; ++i) {
    const RateLimit& limit = options.limits[i];
    if (limit.per_second <= 0) continue;
    paces_[i].token = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / limit.per_second;
    paces_[i].bucket = paces_[i].token * std::max<std::int64_t>(limit.burst, 1);
  }
}

RateLimiter::Entry& RateLimiter::entry_of(std::string_view client) {
  if (const auto known = by_client_.find(client); known != by_client_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  if (entries_.size() < most_clients_) {
    entries_.emplace_front();
  } else {
    by_client_.erase(entries_.back().client);
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
  }
  entries_.front() = {std::string(client)};
  by_client_.emplace(entries_.front().client, entries_.begin());
  return entries_.front();
}

bool RateLimiter::admit(std::string_view address, net::LimitClass limit_class, Clock::time_point now) {
  const auto index = static_cast<std::size_t>(limit_class);
  const Pace& pace = paces_[index];
  if (pace.token == Clock::duration::zero()) return true;
  std::string buffer;
  Clock::time_point& full_at = entry_of(client_of(address, buffer)).full_at[index];
  const Clock::time_point next = std::max(full_at, now) + pace.token;
  if (next - now > pace.bucket) return false;
  full_at = next;
  return true;
}

}  // namespace machi::core

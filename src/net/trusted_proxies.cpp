#include "net/trusted_proxies.h"

#include <algorithm>

namespace machi::net {
namespace {

namespace ip = boost::asio::ip;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The elements of all fields of this name, in order.
std::vector<std::string_view> list_of(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [field, value] : headers.fields()) {
    if (!equals_without_case(field, name)) continue;
    std::string_view rest = value;
    while (true) {
      const auto comma = rest.find(',');
      out.push_back(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return out;
}

}  // namespace

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

Result<TrustedProxies> TrustedProxies::from(const std::vector<std::string>& networks) {
  TrustedProxies out;
  for (const std::string& text : networks) {
    const bool is_v6 = text.contains(':');
    const std::string network = text.contains('/') ? text : text + (is_v6 ? "/128" : "/32");
    boost::system::error_code ec;
    if (is_v6) {
      const auto parsed = ip::make_network_v6(network, ec);
      if (!ec) out.v6_.push_back(parsed.canonical());
    } else {
      const auto parsed = ip::make_network_v4(network, ec);
      if (!ec) out.v4_.push_back(parsed.canonical());
    }
    if (ec) return fail(ErrorCode::bad_request, "not a network or address: " + text, text);
  }
  return out;
}

bool TrustedProxies::contains(const ip::address& address) const {
  const ip::address plain = unmapped(address);
  if (plain.is_v4()) {
    return std::ranges::any_of(v4_, [&](const ip::network_v4& network) {
      return ip::make_network_v4(plain.to_v4(), network.prefix_length()).network() == network.network();
    });
  }
  return std::ranges::any_of(v6_, [&](const ip::network_v6& network) {
    return ip::make_network_v6(plain.to_v6(), network.prefix_length()).network() == network.network();
  });
}

ClientOrigin TrustedProxies::origin(const ip::address& peer, bool over_tls, const Headers& headers) const {
  ip::address client = unmapped(peer);
  bool secure = over_tls;
  if (contains(client)) {
    const auto protocols = list_of(headers, "X-Forwarded-Proto");
    if (!protocols.empty()) secure = equals_without_case(protocols.back(), "https");
    const auto hops = list_of(headers, "X-Forwarded-For");
    for (auto hop = hops.rbegin(); hop != hops.rend() && contains(client); ++hop) {
      boost::system::error_code ec;
      const auto address = ip::make_address(std::string(*hop), ec);
      if (ec) break;
      client = unmapped(address);
    }
  }
  return {client.to_string(), secure};
}

}  // namespace machi::net

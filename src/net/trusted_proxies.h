#pragma once
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace machi::net {

/// Who a request comes from, seen through proxies.
struct ClientOrigin {
  std::string address;
  bool secure = false;
};

/// The networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
class TrustedProxies {
 public:
  /// Networks in CIDR form or single addresses. Errors: bad_request with the entry at fault.
  [[nodiscard]] static Result<TrustedProxies> from(const std::vector<std::string>& networks);

  [[nodiscard]] bool empty() const { return v4_.empty() && v6_.empty(); }
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;
  /// Walks X-Forwarded-For from its end: the first address that is no trusted proxy is the client. What stands before
  /// an untrusted or unreadable entry is hearsay and ignored.
  [[nodiscard]] ClientOrigin origin(const boost::asio::ip::address& peer, bool over_tls, const Headers& headers) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

/// An IPv4 address that was mapped into IPv6 as itself.
[[nodiscard]] boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

}  // namespace machi::net

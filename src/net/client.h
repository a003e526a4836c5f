#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/http.h"

namespace machi::net {

/// Which addresses outgoing requests may reach. Private, loopback, link-local, multicast and other special addresses
/// (RFC 6890) are refused unless `allow` names a network that holds them; a mapped IPv6 address counts as its IPv4
/// address.
class OutgoingGuard {
 public:
  /// `allow`: networks in CIDR form or single addresses. Errors: bad_request with the entry at fault.
  [[nodiscard]] static Result<OutgoingGuard> from(const std::vector<std::string>& allow);
  /// `address`: textual IPv4 or IPv6 address, after DNS.
  [[nodiscard]] bool permits(std::string_view address) const;

 private:
  struct Network {
    std::array<unsigned char, 16> prefix;
    int bits;
  };
  std::vector<Network> allowed_;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< absolute http or https
  Headers headers;
  std::string body;
  std::chrono::milliseconds timeout{5000};  ///< for the whole exchange
  std::size_t response_bytes = 8 * 1024 * 1024;
  int redirects = 0;  ///< how many are followed; each target passes the guard again
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

/// HTTP/1.1 client of one loop, with kept-alive connections per scheme, host and port. The guard judges the address
/// that is really connected to, after DNS. DNS runs on a bounded pool of threads, never on the loop. A request on a
/// kept connection that the peer closed before any byte of an answer is sent once more on a new one if its method is
/// idempotent or the connection never took the bytes.
class Client {
 public:
  struct Options {
    std::size_t connections_per_host = 16;  ///< beyond: requests wait within their timeout
    std::size_t waiting_per_host = 1024;    ///< beyond: busy
    std::chrono::seconds idle_time{30};
    bool verify_certificates = true;
    std::string authorities_file{};  ///< PEM file of certificate authorities trusted besides the system's
  };
  Client(Loop& loop, std::shared_ptr<const OutgoingGuard> guard, Options options);
  ~Client();

  /// Errors: bad_request (URL), forbidden (guard), timeout, bad_gateway (refused, reset, TLS, not HTTP),
  /// payload_too_large, busy. The message is a sentence fit for `lastFailureReason`, in the words of libcurl 8 where it
  /// has some, because clients of NGSIv2 know those: "Could not connect to server", "Timeout was reached".
  /// Framing is the client's own: Content-Length, Transfer-Encoding and Connection of the caller are left out; Host is
  /// added in front unless the caller names one; all other fields go out in the caller's order.
  [[nodiscard]] Task<Result<ClientResponse>> send(ClientRequest request);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Parts of an absolute URL (RFC 3986): userinfo is refused, host is lower case, IPv6 hosts without brackets.
struct Url {
  std::string scheme;  ///< http, https, mqtt or mqtts
  std::string host;
  std::uint16_t port = 0;  ///< explicit or the scheme's default
  std::string target;      ///< path and query, at least "/"; blanks and non-ASCII characters percent-encoded
  /// Errors: bad_request (control characters, userinfo, unknown scheme, bad host or port).
  [[nodiscard]] static Result<Url> parse(std::string_view text);
  /// What a Location field means when this URL was asked (RFC 3986 §5.2). Errors: as parse.
  [[nodiscard]] Result<Url> resolve(std::string_view reference) const;
  /// `host` or `host:port`, IPv6 in brackets, the scheme's default port left out: the Host field.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string text() const;
};

}  // namespace machi::net

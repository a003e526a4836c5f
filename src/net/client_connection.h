#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/resolver.h"

namespace machi::net {

/// What became of one request on one connection.
struct Exchange {
  Result<ClientResponse> response;
  bool keep = false;        ///< the connection may carry another request
  bool unanswered = false;  ///< the peer closed it before any byte of an answer
  std::size_t written = 0;  ///< bytes of the request that the connection took
};

/// One open connection to a server, plain or TLS. Beast stays behind it.
class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  /// Sends `wire` (head and body) and reads the whole answer. `head_only`: the method is HEAD.
  [[nodiscard]] virtual Task<Exchange> exchange(std::shared_ptr<const std::string> wire, bool head_only,
                                                std::size_t response_bytes, Deadline deadline) = 0;
  /// Nothing has arrived since the last answer and the peer has not closed.
  [[nodiscard]] virtual bool is_quiet() = 0;
};

struct ConnectTarget {
  std::vector<asio::ip::tcp::endpoint> endpoints;  ///< tried in order
  std::string host;                                ///< name that the certificate must carry
  asio::ssl::context* tls = nullptr;               ///< nullptr: plain
};

/// Errors: bad_gateway (refused, TLS), timeout.
[[nodiscard]] Task<Result<std::unique_ptr<ClientConnection>>> open_connection(Loop& loop, ConnectTarget target,
                                                                              Deadline deadline);

}  // namespace machi::net

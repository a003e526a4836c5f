#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/router.h"

namespace machi::net {

struct ServerLimits {
  std::size_t header_bytes = 16 * 1024;  ///< request line and header fields together; beyond: 431
  std::size_t header_count = 100;        ///< beyond: 431
  std::size_t body_bytes = 1024 * 1024;  ///< beyond: 413
  std::size_t connections = 4096;        ///< on one loop; beyond: 503 where it can be said, and closed at once
  std::size_t pipelined_requests = 64;   ///< read ahead on one connection; beyond: not read until answered
  std::chrono::seconds header_time{15};  ///< from first byte of a request to the end of its head; beyond: 408
  std::chrono::seconds body_time{60};    ///< to read a body; beyond: 408
  std::chrono::seconds idle_time{75};    ///< between requests; beyond: closed
  std::chrono::seconds write_time{60};   ///< without progress while writing; beyond: closed
  std::size_t write_buffer_bytes = 4 * 1024 * 1024;  ///< unsent answers of one connection; beyond: reading stops
};

struct TlsFiles {
  std::string certificate;  ///< PEM file with the chain
  std::string key;          ///< PEM file
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one, see port()
  ServerLimits limits{};
  std::optional<TlsFiles> tls{};
  std::vector<std::string> trusted_proxies{};  ///< networks in CIDR form whose X-Forwarded-For and -Proto are believed
};

/// HTTP/1.1 (RFC 9112) over TCP or TLS 1.2/1.3 on several loops: each loop has its own listening socket (SO_REUSEPORT)
/// and a connection stays on the loop that accepted it. Framing is strict: whatever two parsers could read differently
/// is refused with 400 and the connection closed (RFC 9112 §6.3, §11.2).
class Server {
 public:
  /// Binds, does not accept yet. Errors: bad_request (address, certificate), conflict (port in use).
  [[nodiscard]] static Result<std::unique_ptr<Server>> bind(std::vector<Loop*> loops, ServerOptions options,
                                                            std::shared_ptr<const Router> router);
  /// Closes what stop() has not; the loops must outlive the server.
  ~Server();
  /// The port that is bound.
  [[nodiscard]] std::uint16_t port() const;
  /// Begins to accept on all loops. Thread-safe.
  void start();
  /// Stops to accept, lets requests under way finish for up to `patience`, then closes what is left. Answers on the
  /// caller's loop. Handlers that still run then are not interrupted: each wait of theirs has its own time limit.
  [[nodiscard]] Task<> stop(std::chrono::milliseconds patience);
  /// Reads certificate and key again; connections under way keep the old ones. Keeps the old ones on error.
  /// Thread-safe.
  [[nodiscard]] Result<> reload_certificates();

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace machi::net

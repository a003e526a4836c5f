#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "net/server.h"

namespace machi::net {

/// The server's side of TLS 1.2 and 1.3 with certificates that can be changed while it serves. Thread-safe.
class TlsServerContext {
 public:
  /// Errors: bad_request when certificate or key cannot be read or do not belong together.
  [[nodiscard]] static Result<std::shared_ptr<TlsServerContext>> load(TlsFiles files);
  /// Reads the files again; on error the old ones stay.
  [[nodiscard]] Result<> reload();
  /// What a new connection uses; it keeps it until it ends.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> current() const;

 private:
  explicit TlsServerContext(TlsFiles files) : files_(std::move(files)) {}
  TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace machi::net

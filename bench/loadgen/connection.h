#pragma once
#include <netinet/in.h>

#include <cstdint>
#include <string>

#include "loadgen/response_reader.h"

namespace bench {

/// One keep-alive connection of the load generator: at most one request under way, as a browser or a device has.
class Connection {
 public:
  enum class Event { waiting, answered, lost };

  Connection() = default;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Opens a socket and registers it with `epoll` under `index`. False if that fails.
  bool open(int epoll, std::uint32_t index, const sockaddr_in& address);
  void close();
  [[nodiscard]] bool is_open() const { return socket_ >= 0; }
  [[nodiscard]] bool is_busy() const { return busy_; }

  /// Starts a request that was due at `due` (microseconds of the worker's clock).
  void send(std::string request, std::int64_t due);
  /// After epoll has told of the socket. `answered`: status() and due() speak of the request that is done.
  Event on_ready(std::uint32_t events);
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::int64_t due() const { return due_; }

 private:
  bool flush();

  int socket_ = -1;
  bool busy_ = false;
  std::string out_;
  std::size_t sent_ = 0;
  MessageReader reader_;
  std::int64_t due_ = 0;
  int status_ = 0;
};

}  // namespace bench

#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <mutex>
#include <thread>

#include "base/task.h"

namespace machi::net::testing {

/// A peer that does what a script says, so that tests can misbehave in every way: one thread a connection, blocking
/// sockets. The script gets the number of the connection (from 0) and the socket; it is closed when the script returns.
class ScriptedServer {
 public:
  using Socket = asio::ip::tcp::socket;
  using Script = std::function<void(int connection, Socket& socket)>;

  explicit ScriptedServer(Script script, const std::string& address = "127.0.0.1")
      : script_(std::move(script)), acceptor_(io_, {asio::ip::make_address(address), 0}) {
    accepting_ = std::thread([this] { accept(); });
  }

  ~ScriptedServer() {
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // wakes the blocking accept
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& socket : sockets_) ::shutdown(socket->native_handle(), SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }
  [[nodiscard]] int connections() const { return connections_; }

  /// Reads one request with its body (Content-Length); empty when the client has closed.
  static std::string read_request(Socket& socket) {
    boost::system::error_code error;
    std::string text;
    const auto head = asio::read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", error);
    if (error) return {};
    const auto field = text.find("Content-Length: ");
    const std::size_t length = field == std::string::npos ? 0 : std::stoul(text.substr(field + 16));
    if (text.size() < head + length) {
      const auto missing = head + length - text.size();
      asio::read(socket, asio::dynamic_buffer(text), asio::transfer_exactly(missing), error);
    }
    return error ? std::string{} : text;
  }
  static void write(Socket& socket, std::string_view text) {
    boost::system::error_code ignored;  // the client may have given up: that is its test's matter
    asio::write(socket, asio::buffer(text), ignored);
  }
  static void answer(Socket& socket, std::string_view body, std::string_view fields = "") {
    write(socket, "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + std::string(body));
  }
  /// Returns when the client has closed.
  static void wait_for_close(Socket& socket) {
    char bytes[256];
    boost::system::error_code error;
    while (!error) socket.read_some(asio::buffer(bytes), error);
  }
  static void reset(Socket& socket) {
    socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();
  }

 private:
  void accept() {
    for (;;) {
      boost::system::error_code error;
      auto socket = std::make_shared<Socket>(io_);
      acceptor_.accept(*socket, error);
      if (error) return;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket, number = connections_++] {
        script_(number, *socket);
        boost::system::error_code ignored;
        const std::lock_guard closing(mutex_);
        socket->shutdown(asio::socket_base::shutdown_both, ignored);
      });
    }
  }

  Script script_;
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread accepting_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Socket>> sockets_;
  std::vector<std::thread> threads_;
  std::atomic<int> connections_ = 0;
};

/// A port of 127.0.0.1 on which nothing listens: bound, but never listened on, as long as this lives.
class DeadPort {
 public:
  DeadPort() : acceptor_(io_) {
    acceptor_.open(asio::ip::tcp::v4());
    acceptor_.bind({asio::ip::address_v4::loopback(), 0});
  }
  [[nodiscard]] std::uint16_t number() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
};

/// Runs the loop until the task is done.
template <typename T>
T run(Loop& loop, Task<T> task) {
  std::optional<T> result;
  asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& thrown, T value) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(value);
  });
  loop.restart();
  while (!result) loop.run_one();
  return std::move(*result);
}

}  // namespace machi::net::testing

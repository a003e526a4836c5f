#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "net/server.h"

namespace machi::net {

inline constexpr std::chrono::seconds kTestDeadline{10};

/// A loop with its own thread, until it goes.
class RunningLoop {
 public:
  RunningLoop() : thread_([this] { loop_.run(); }) {}
  ~RunningLoop() { stop(); }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;
  [[nodiscard]] Loop& loop() { return loop_; }
  void stop() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Runs a task on the loop and waits for it.
  void wait_for(Task<> task) {
    std::promise<void> done;
    asio::co_spawn(loop_, std::move(task), [&done](std::exception_ptr) { done.set_value(); });
    done.get_future().get();
  }

 private:
  Loop loop_{kOneThread};
  asio::executor_work_guard<Loop::executor_type> work_{loop_.get_executor()};
  std::thread thread_;
};

/// A socket that speaks bytes; every wait ends after kTestDeadline.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_open_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] int fd() const { return fd_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  /// Takes what arrives until `is_enough`, the end of the stream or the deadline.
  std::string receive(const std::function<bool(std::string_view)>& is_enough) {
    const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
    while (!is_enough(received_)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd wait{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
        ADD_FAILURE() << "nothing arrived in time after: " << received_;
        break;
      }
      char buffer[65536];
      const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) {
        is_open_ = false;
        break;
      }
      received_.append(buffer, static_cast<std::size_t>(count));
    }
    return std::exchange(received_, {});
  }
  std::string receive_all() {
    return receive([](std::string_view) { return false; });
  }
  std::string receive_until(std::string_view end) {
    return receive([end](std::string_view got) { return got.ends_with(end); });
  }
  std::string ask(std::string_view request, std::string_view end) {
    send(request);
    return receive_until(end);
  }

 private:
  int fd_;
  bool is_open_ = false;
  std::string received_;
};

/// A server on one loop over a free port of the loopback.
class TestServer {
 public:
  TestServer(std::vector<RouteGroup> groups, ServerOptions options = {}) {
    auto router = std::make_shared<const Router>(std::move(groups), Gate{}, Observer{});
    auto bound = Server::bind({&running_.loop()}, std::move(options), std::move(router));
    if (!bound) throw std::runtime_error(bound.error().message);
    server_ = *std::move(bound);
    server_->start();
  }
  ~TestServer() { running_.stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] Loop& loop() { return running_.loop(); }
  void stop(std::chrono::milliseconds patience) { running_.wait_for(server_->stop(patience)); }

 private:
  RunningLoop running_;
  std::unique_ptr<Server> server_;
};

inline Route open_route(Method method, std::string_view path, Handler handler) {
  return {method, path, Operation("test"), Permission("test"), DataClass::open, LimitClass::read, std::move(handler)};
}

}  // namespace machi::net

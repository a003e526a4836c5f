// Receives notifications as fast as they come: answers each POST with 200 and takes from its body the time at which the
// update was sent (`"sentAt":{"type":"Number","value":MICROSECONDS`, as the load generator's {now} writes it). Runs
// until its standard input ends, then prints one line of JSON: how many, how late, and how many of each sentAt.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <stdexcept>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <unordered_map>

#include "loadgen/histogram.h"
#include "loadgen/response_reader.h"

namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

std::int64_t microseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

class Sink {
 public:
  Sink() : epoll_(epoll_create1(EPOLL_CLOEXEC)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!bound || listen(listener_, 1024) != 0) throw std::runtime_error("cannot listen on the loopback address");
    watch(listener_);
    watch(STDIN_FILENO);
  }

  [[nodiscard]] int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events.at(static_cast<std::size_t>(i)).data.fd;
        if (socket == STDIN_FILENO) return;
        if (socket == listener_) {
          accept_all();
        } else {
          receive(socket);
        }
      }
    }
  }

  void print() const {
    std::map<std::uint64_t, std::uint64_t> copies;
    for (const auto& [sent, count] : received_) ++copies[count];
    std::string text;
    for (const auto& [count, updates] : copies) {
      text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", count, updates);
    }
    fmt::print(R"({{"delay":{},"updates":{},"updates_by_notifications":{{{}}}}})"
               "\n",
               delay_.json(), received_.size(), text);
  }

 private:
  void watch(int socket) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (socket < 0) return;
      readers_.emplace(socket, bench::MessageReader{});
      watch(socket);
    }
  }

  void receive(int socket) {
    std::array<char, 65536> bytes;
    const ssize_t n = recv(socket, bytes.data(), bytes.size(), 0);
    if (n <= 0) {
      readers_.erase(socket);
      close(socket);
      return;
    }
    bench::MessageReader& reader = readers_.at(socket);
    reader.append({bytes.data(), static_cast<std::size_t>(n)});
    while (reader.read() == bench::MessageReader::State::complete) {
      note(reader.body());
      reader.drop();
      if (send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  void note(std::string_view body) {
    constexpr std::string_view kName = R"("sentAt":{"type":"Number","value":)";
    const auto at = body.find(kName);
    if (at == std::string_view::npos) return;
    std::int64_t sent = 0;
    std::from_chars(body.data() + at + kName.size(), body.data() + body.size(), sent);
    delay_.record(microseconds_now() - sent);
    ++received_[sent];
  }

  int epoll_;
  int listener_;
  std::unordered_map<int, bench::MessageReader> readers_;
  std::unordered_map<std::int64_t, std::uint64_t> received_;
  bench::Histogram delay_;
};

}  // namespace

int main() {
  Sink sink;
  fmt::print("{}\n", sink.port());
  std::fflush(stdout);
  sink.run();
  sink.print();
  return 0;
}

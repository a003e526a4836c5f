#include "loadgen/connection.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace bench {

Connection::~Connection() {
  close();
}

bool Connection::open(int epoll, std::uint32_t index, const sockaddr_in& address) {
  close();
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    close();
    return false;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;
  event.data.u32 = index;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, socket_, &event) == 0;
}

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  busy_ = false;
  reader_.clear();
  out_.clear();
}

void Connection::send(std::string request, std::int64_t due) {
  out_ = std::move(request);
  sent_ = 0;
  due_ = due;
  busy_ = true;
  flush();  // what does not go now goes when epoll tells; an error shows there too
}

bool Connection::flush() {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == ENOTCONN;
    sent_ += static_cast<std::size_t>(n);
  }
  return true;
}

Connection::Event Connection::on_ready(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Event::lost;
  if ((events & EPOLLOUT) != 0 && !flush()) return Event::lost;
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t n = recv(socket_, bytes.data(), bytes.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (n <= 0) return Event::lost;
    reader_.append({bytes.data(), static_cast<std::size_t>(n)});
    if (static_cast<std::size_t>(n) < bytes.size()) break;
  }
  if (!busy_) return Event::waiting;
  switch (reader_.read()) {
    case MessageReader::State::incomplete:
      return Event::waiting;
    case MessageReader::State::broken:
      return Event::lost;
    case MessageReader::State::complete:
      break;
  }
  status_ = reader_.status();
  const bool closes = reader_.closes();
  reader_.drop();
  busy_ = false;
  if (closes) close();
  return Event::answered;
}

}  // namespace bench

#include "net/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "net/framing.h"

namespace machi::net {
namespace {

// Below this a copy is cheaper than one more element of a gathered write.
constexpr std::size_t kSmall = 8 * 1024;

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base).ptr;
  out.append(buffer.data(), end);
}

/// A value never ends its line, whatever a handler put into it.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  if (has_control(value)) {
    const auto start = out.end() - static_cast<std::ptrdiff_t>(value.size());
    std::replace_if(start, out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  }
  out += "\r\n";
}

bool is_ours(std::string_view name) {
  return equals_without_case(name, "Content-Length") || equals_without_case(name, "Date") ||
         equals_without_case(name, "Connection") || equals_without_case(name, "Transfer-Encoding");
}

void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\nDate: ";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(status));
  out += ' ';
  out += reason_phrase(status);
  out += "\r\nDate: ";
}

void append_head(std::string& out, const Response& response, const ResponseFraming& framing) {
  append_status_line(out, response.status);
  out += framing.date;
  out += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    if (!is_ours(name)) append_field(out, name, value);
  }
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (!framing.http_1_1) {
    out += "Connection: keep-alive\r\n";
  }
  if (response.stream) {
    if (framing.http_1_1) out += "Transfer-Encoding: chunked\r\n";
  } else if (may_have_body(response.status)) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  out += "\r\n";
}

}  // namespace

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string& OutQueue::tail() {
  if (pieces_.empty() || pieces_.back().size() >= kSmall) pieces_.push_back(std::exchange(spare_, {}));
  return pieces_.back();
}

void OutQueue::append(std::string_view text) {
  tail() += text;
  bytes_ += text.size();
}

void OutQueue::append(std::string&& text) {
  if (text.size() < kSmall) return append(std::string_view(text));
  bytes_ += text.size();
  pieces_.push_back(std::move(text));
}

void OutQueue::append(Response&& response, const ResponseFraming& framing) {
  std::string& out = tail();
  const std::size_t before = out.size();
  append_head(out, response, framing);
  bytes_ += out.size() - before;
  if (!framing.head_only && !response.stream && may_have_body(response.status)) append(std::move(response.body));
}

void OutQueue::append_chunk(std::string&& piece) {
  std::string size;
  append_number(size, piece.size(), 16);
  append(std::string_view(size += "\r\n"));
  const bool is_last = piece.empty();
  if (!is_last) append(std::move(piece));
  append(std::string_view("\r\n"));
}

std::vector<boost::asio::const_buffer> OutQueue::buffers() const {
  constexpr std::size_t kAtOnce = 16;
  std::vector<boost::asio::const_buffer> out;
  const std::size_t count = std::min(pieces_.size(), kAtOnce);
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.emplace_back(pieces_[i].data(), pieces_[i].size());
  if (!out.empty()) out.front() += written_;
  return out;
}

boost::asio::const_buffer OutQueue::front() const {
  return boost::asio::const_buffer(pieces_.front().data(), pieces_.front().size()) + written_;
}

void OutQueue::consume(std::size_t written) {
  bytes_ -= written;
  written_ += written;
  std::size_t done = 0;
  while (done < pieces_.size() && written_ >= pieces_[done].size()) written_ -= pieces_[done++].size();
  if (done == 0) return;
  if (pieces_[done - 1].capacity() <= 2 * kSmall) {
    spare_ = std::move(pieces_[done - 1]);
    spare_.clear();
  }
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace machi::net

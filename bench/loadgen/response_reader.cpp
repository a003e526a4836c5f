#include "loadgen/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace bench {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](unsigned char c) { return std::tolower(c); }, [](unsigned char c) { return std::tolower(c); });
}

bool is_named(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         equals_ignoring_case(line.substr(0, name.size()), name);
}

std::string_view value_of(std::string_view line, std::string_view name) {
  line.remove_prefix(name.size() + 1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

MessageReader::State MessageReader::read_head() {
  const std::size_t end = buffer_.find("\r\n\r\n", begin_);
  if (end == std::string::npos) return State::incomplete;
  std::string_view head(buffer_.data() + begin_, end - begin_);
  length_ = 0;
  chunked_ = closes_ = false;
  status_ = 0;
  if (head.starts_with("HTTP/1.1 ") && head.size() >= 12) {
    std::from_chars(head.data() + 9, head.data() + 12, status_);
  }
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n")) {
    head.remove_prefix(at + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (is_named(line, "content-length")) {
      const std::string_view value = value_of(line, "content-length");
      if (std::from_chars(value.data(), value.data() + value.size(), length_).ec != std::errc{}) return State::broken;
    } else if (is_named(line, "transfer-encoding")) {
      chunked_ = equals_ignoring_case(value_of(line, "transfer-encoding"), "chunked");
    } else if (is_named(line, "connection")) {
      closes_ = equals_ignoring_case(value_of(line, "connection"), "close");
    }
  }
  head_end_ = end + 4;
  position_ = head_end_;
  return State::complete;
}

MessageReader::State MessageReader::skip_chunks() {
  for (;;) {
    const std::size_t line_end = buffer_.find("\r\n", position_);
    if (line_end == std::string::npos) return State::incomplete;
    std::size_t size = 0;
    const auto parsed = std::from_chars(buffer_.data() + position_, buffer_.data() + line_end, size, 16);
    if (parsed.ec != std::errc{}) return State::broken;
    const std::size_t next = line_end + 2 + size + 2;
    if (buffer_.size() < next) return State::incomplete;
    position_ = next;
    if (size == 0) {
      message_end_ = next;
      return State::complete;
    }
  }
}

MessageReader::State MessageReader::read() {
  if (head_end_ == 0) {
    if (const State state = read_head(); state != State::complete) return state;
  }
  if (chunked_) return skip_chunks();
  message_end_ = head_end_ + (status_ == 204 || status_ == 304 ? 0 : length_);
  return buffer_.size() >= message_end_ ? State::complete : State::incomplete;
}

std::string_view MessageReader::body() const {
  return std::string_view(buffer_).substr(head_end_, message_end_ - head_end_);
}

void MessageReader::drop() {
  begin_ = message_end_;
  head_end_ = 0;
  if (begin_ == buffer_.size()) {
    clear();
  } else if (begin_ > 65536) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
}

void MessageReader::clear() {
  buffer_.clear();
  begin_ = head_end_ = position_ = length_ = message_end_ = 0;
}

}  // namespace bench

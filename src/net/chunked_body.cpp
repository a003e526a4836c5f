#include "net/chunked_body.h"

#include <algorithm>
#include <charconv>

namespace machi::net {
namespace {

bool is_token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.contains(c);
}

std::string_view take_token(std::string_view& text) {
  const auto* end = std::ranges::find_if_not(text, is_token_character);
  const std::string_view token(text.begin(), end);
  text.remove_prefix(token.size());
  return token;
}

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

/// A quoted-string (RFC 9110 §5.6.4) without controls, which the line was searched for already.
bool take_quoted(std::string_view& text) {
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') text.remove_prefix(text.front() == '\\' && text.size() > 1 ? 2 : 1);
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
bool is_extension(std::string_view text) {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (take_token(text).empty()) return false;
    std::string_view rest = text;
    skip_blanks(rest);
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    skip_blanks(rest);
    if (rest.starts_with('"') ? !take_quoted(rest) : take_token(rest).empty()) return false;
    text = rest;
  }
  return true;
}

/// Fields that would change what the request is (RFC 9110 §6.5.1).
bool is_framing(std::string_view name) {
  return equals_without_case(name, "Content-Length") || equals_without_case(name, "Transfer-Encoding") ||
         equals_without_case(name, "Host");
}

}  // namespace

bool ChunkedBody::refused(int status, std::string_view sentence) {
  refusal_ = refuse(status, sentence);
  return false;
}

bool ChunkedBody::read_size(std::string_view line, std::size_t body_bytes) {
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
  if (ec != std::errc{} || !is_extension(line.substr(static_cast<std::size_t>(end - line.data())))) {
    return refused(400, "the header of a chunk is not valid");
  }
  if (left_ > limits_.body_bytes - body_bytes) return refused(413, "the body of the request is too large");
  state_ = left_ == 0 ? State::trailer : State::data;
  return true;
}

bool ChunkedBody::read_trailer(std::string_view line) {
  std::string_view rest = line;
  const std::string_view name = take_token(rest);
  if (name.empty() || !rest.starts_with(':') || is_framing(name)) return refused(400, "a trailer field is not valid");
  trailer_bytes_ += line.size();
  if (++trailer_count_ > limits_.header_count || trailer_bytes_ > limits_.header_bytes) {
    return refused(431, "the request has too many trailer fields");
  }
  return true;
}

bool ChunkedBody::read_line(std::string_view line, std::size_t body_bytes) {
  if (!line.ends_with('\r') || has_control(line.substr(0, line.size() - 1))) {
    return refused(400, "a line of the chunked body is not valid");
  }
  line.remove_suffix(1);
  switch (state_) {
    case State::size:
      return read_size(line, body_bytes);
    case State::trailer:
      is_complete_ = line.empty();
      return is_complete_ || read_trailer(line);
    case State::data:
    case State::data_end:
      break;
  }
  state_ = State::size;
  return line.empty() || refused(400, "a chunk is longer than its size");
}

/// Takes what there is of the chunk's content.
std::size_t ChunkedBody::read_data(std::string_view bytes, std::string& body) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  body.append(bytes, 0, count);
  left_ -= count;
  if (left_ == 0) state_ = State::data_end;
  return count;
}

ChunkedBody::Progress ChunkedBody::feed(std::string_view bytes, std::string& body) {
  std::size_t used = 0;
  while (!is_complete_) {
    if (state_ == State::data) used += read_data(bytes.substr(used), body);
    if (state_ == State::data) return {Step::need_more, used};
    // Judged by the line, not by what has arrived of it, so that the answer does not depend on how the bytes are split.
    const std::string_view line = bytes.substr(used, bytes.substr(used).find('\n'));
    const bool has_end = used + line.size() < bytes.size();
    if (line.size() > (state_ == State::data_end ? 1 : limits_.header_bytes)) {
      if (state_ == State::data_end)
        refused(400, "a chunk is longer than its size");
      else
        refused(431, "the header of a chunk is too large");
      return {Step::refused, used};
    }
    if (!has_end) return {Step::need_more, used};
    used += line.size() + 1;
    if (!read_line(line, body.size())) return {Step::refused, used};
  }
  return {Step::complete, used};
}

}  // namespace machi::net

#include "net/framing.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace machi::net {
namespace {

std::optional<std::string_view> without_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equals_without_case(target.substr(0, scheme.size()), scheme)) {
      return target.substr(scheme.size());
    }
  }
  return std::nullopt;
}

void split_path(std::string_view text, Request& request) {
  const auto mark = text.find('?');
  request.path = text.substr(0, mark);
  if (mark == std::string_view::npos) {
    request.query.clear();
  } else {
    request.query = text.substr(mark + 1);
  }
}

}  // namespace

bool has_control(std::string_view line) {
  bool found = false;  // no early end: the loop is vectorised
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
  return found;
}

Refusal refuse(int status, std::string_view sentence) {
  const ErrorCode code = status == 413   ? ErrorCode::payload_too_large
                         : status == 408 ? ErrorCode::timeout
                         : status == 503 ? ErrorCode::busy
                                         : ErrorCode::bad_request;
  return {status, Error{code, std::string(sentence), {}}};
}

HeadScan::Found HeadScan::refused(int status, std::string_view sentence) {
  refusal_ = refuse(status, sentence);
  return Found::refused;
}

HeadScan::Found HeadScan::look(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const auto* feed = static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    if (feed == nullptr) {
      scanned_ = bytes.size();
      break;
    }
    scanned_ = static_cast<std::size_t>(feed - bytes.data()) + 1;
    if (scanned_ > limits_.header_bytes) break;
    std::string_view line = bytes.substr(line_, scanned_ - 1 - line_);
    if (!line.ends_with('\r')) return refused(400, "a line of the header does not end with CRLF");
    line.remove_suffix(1);
    line_ = scanned_;
    if (line.empty()) return Found::end;
    if (has_control(line)) return refused(400, "the header holds a control character");
    if (line.front() == ' ' || line.front() == '\t') return refused(400, "a line of the header is folded");
    if (++lines_ > limits_.header_count + 1) return refused(431, "the request has too many header fields");
  }
  if (bytes.size() > limits_.header_bytes || scanned_ > limits_.header_bytes) {
    return refused(431, "the header of the request is too large");
  }
  return Found::more;
}

std::optional<std::string_view> read_target(std::string_view target, Request& request) {
  if (target.contains('#')) return std::nullopt;
  request.target = target;
  if (target.starts_with('/') || (target == "*" && request.method == Method::options)) {
    split_path(target, request);
    return std::string_view{};
  }
  const auto rest = without_scheme(target);
  if (!rest) return std::nullopt;
  const std::string_view authority = rest->substr(0, rest->find_first_of("/?"));
  if (authority.empty() || authority.contains('@') || !is_host(authority)) return std::nullopt;
  split_path(rest->substr(authority.size()), request);
  if (request.path.empty()) request.path = "/";
  return authority;
}

bool is_host(std::string_view value) {
  static constexpr std::array<bool, 256> kAllowed = [] {
    std::array<bool, 256> allowed{};
    for (unsigned char c = 'a'; c <= 'z'; ++c) allowed[c] = allowed[static_cast<unsigned char>(c - 'a' + 'A')] = true;
    for (unsigned char c = '0'; c <= '9'; ++c) allowed[c] = true;
    for (const char c : std::string_view("-._~!$&'()*+,;=:[]%")) allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
  }();
  return std::ranges::all_of(value, [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
}

}  // namespace machi::net

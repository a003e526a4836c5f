#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "net/client.h"

namespace machi::net {
namespace {

constexpr std::string_view kMalformed = "URL using bad/illegal format or missing URL";

Failure malformed() {
  return fail(ErrorCode::bad_request, std::string(kMalformed), "url");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  if (scheme == "mqtt") return 1883;
  if (scheme == "mqtts") return 8883;
  return 0;
}

/// The scheme in front of ':', in lower case; empty when the text has none (RFC 3986 §3.1).
std::string scheme_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string scheme;
  for (const char c : text.substr(0, colon)) {
    if (!is_alphanumeric(c) && c != '+' && c != '-' && c != '.') return {};
    scheme += lower(c);
  }
  return scheme[0] >= 'a' && scheme[0] <= 'z' ? scheme : std::string{};
}

/// A registered name or an IPv4 address in any form: which one it is, is the resolver's and the guard's matter.
std::optional<std::string> parse_host(std::string_view text) {
  if (text.empty() || text.size() > 253) return std::nullopt;
  std::string host;
  for (const char c : text) {
    if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_' && c != '~') return std::nullopt;
    host += lower(c);
  }
  return host;
}

std::optional<std::string> parse_ipv6(std::string_view text) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address_v6(text, error);
  if (error || address.scope_id() != 0 || text.find('%') != std::string_view::npos) return std::nullopt;
  return address.to_string();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// Fills host and port from `host`, `host:port`, `[v6]` or `[v6]:port`.
bool parse_authority(std::string_view text, Url& url) {
  std::optional<std::string> host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = parse_ipv6(text.substr(1, close - 1));
    rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return false;
  } else {
    const auto colon = text.find(':');
    host = parse_host(text.substr(0, colon));
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (!host) return false;
  url.host = std::move(*host);
  url.port = default_port(url.scheme);
  if (rest.size() <= 1) return true;  // RFC 3986 §3.2.3: an empty port is the default one
  const auto port = parse_port(rest.substr(1));
  if (!port) return false;
  url.port = *port;
  return true;
}

std::string parse_target(std::string_view text) {
  const auto fragment = text.find('#');
  text = text.substr(0, fragment);
  std::string target = text.starts_with('/') ? "" : "/";
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F) {
      target += c;
    } else {
      target += '%';
      target += kHex[byte >> 4];
      target += kHex[byte & 15];
    }
  }
  return target;
}

/// RFC 3986 §5.2.4 for a path without query.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  bool open_end = false;
  for (std::size_t at = 1; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, slash - at);
    open_end = segment == "." || segment == "..";
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
    at = slash + 1;
  }
  std::string out;
  for (const auto segment : segments) out.append("/").append(segment);
  if (open_end || out.empty()) out += '/';
  return out;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') return malformed();
  }
  Url url;
  url.scheme = scheme_of(text);
  if (url.scheme.empty()) return malformed();
  if (default_port(url.scheme) == 0) return fail(ErrorCode::bad_request, "Unsupported protocol", "url");
  text.remove_prefix(url.scheme.size() + 1);
  if (!text.starts_with("//")) return malformed();
  text.remove_prefix(2);
  const auto authority_size = std::min(text.find_first_of("/?#"), text.size());
  if (!parse_authority(text.substr(0, authority_size), url)) return malformed();
  url.target = parse_target(text.substr(authority_size));
  return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
  const bool has_scheme = !scheme_of(reference).empty();
  if (has_scheme) return parse(reference);
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  const std::string origin = scheme + "://" + authority();
  const auto own_path = std::string_view(target).substr(0, target.find('?'));
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return *this;
  if (reference.starts_with('?')) return parse(origin + std::string(own_path) + std::string(reference));
  const auto query_at = std::min(reference.find('?'), reference.size());
  std::string path(reference.substr(0, query_at));
  if (!path.starts_with('/')) path = std::string(own_path.substr(0, own_path.rfind('/') + 1)) + path;
  return parse(origin + remove_dot_segments(path) + std::string(reference.substr(query_at)));
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::text() const {
  return scheme + "://" + authority() + target;
}

}  // namespace machi::net

#include "broker/subscription/notification_url.h"

#include <algorithm>
#include <charconv>

namespace machi::broker {
namespace {

constexpr int kMaxPort = 65535;
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxLabel = 63;

int default_port(std::string_view scheme) {
  if (scheme == "https") return 443;
  return scheme == "mqtt" ? 1883 : 80;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  for (std::size_t dot = host.find('.'); dot != host.npos; dot = host.find('.')) {
    if (!is_label(host.substr(0, dot))) return false;
    host.remove_prefix(dot + 1);
  }
  return is_label(host);
}

bool is_ipv6(std::string_view host) {
  return std::ranges::count(host, ':') >= 2 && std::ranges::all_of(host, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
         });
}

std::optional<int> read_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port <= 0 || port > kMaxPort) return std::nullopt;
  return port;
}

/// Fills host and port from `host`, `host:port`, `[v6]`, `[v6]:port` or `v6:port` (the last colon is the port's).
bool read_authority(std::string_view text, NotificationUrl& out) {
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return false;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return false;
    if (!rest.empty()) port = rest.substr(1);
  } else if (const auto colon = text.rfind(':'); colon != text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (!is_host_name(host) && !is_ipv6(host)) return false;
  const auto number = port ? read_port(*port) : default_port(out.scheme);
  if (!number) return false;
  out.host = host;
  out.port = *number;
  return true;
}

}  // namespace

std::optional<NotificationUrl> parse_notification_url(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  NotificationUrl out{.scheme = std::string(url.substr(0, colon))};
  if (out.scheme != "http" && out.scheme != "https" && out.scheme != "mqtt" && out.scheme != "kafka") {
    return std::nullopt;
  }
  const std::string_view rest = url.substr(colon + 3);
  const auto slash = rest.find('/');
  out.target = slash == rest.npos ? "/" : std::string(rest.substr(slash));
  if (!read_authority(rest.substr(0, slash), out)) return std::nullopt;
  return out;
}

}  // namespace machi::broker

#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace machi::broker {

/// Where a notification goes.
struct NotificationUrl {
  std::string scheme;  ///< `http`, `https`, `mqtt` or `kafka`
  std::string host;    ///< IPv6 addresses without brackets
  int port = 0;        ///< the scheme's own when the URL has none
  std::string target;  ///< path and query, at least `/`
};

/// Reads the URLs that Orion takes for notifications: a scheme of the four, a host of letters, digits, hyphens and dots
/// (or an IPv6 address), a port from 1 to 65535. Empty for anything else.
[[nodiscard]] std::optional<NotificationUrl> parse_notification_url(std::string_view url);

}  // namespace machi::broker

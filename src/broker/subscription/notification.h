#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription.h"

namespace machi::broker {

/// A request to send. Host, Content-Length and the like are the client's.
struct HttpNotification {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  ///< in the order in which they are sent
  std::string body;
  std::chrono::milliseconds timeout{0};  ///< 0: the broker's default
};

/// A message to publish.
struct MqttNotification {
  std::string url;  ///< `mqtt://host:port`
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  std::optional<Credentials> credentials{};
};

using OutgoingNotification = std::variant<HttpNotification, MqttNotification>;

/// What is not in the change itself.
struct NotificationContext {
  /// Counts the notifications of one request, from 1: `Fiware-Correlator: …; cbnotif=1`.
  int ordinal = 1;
  /// X-Auth-Token of the request, if this node still holds it in memory: tokens are neither logged nor stored, so
  /// another node, or a later attempt, has none.
  std::string auth_token{};
};

/// Fills in what is sent for a change that triggers the subscription. Macros are evaluated with the change's time as
/// the present. Errors: bad_request when no message comes out of the templates (URL that is none, header with control
/// characters, macro that is not closed), payload_too_large beyond 8 MB.
[[nodiscard]] Result<OutgoingNotification> build_notification(const Subscription& subscription,
                                                              const ChangeEvent& event,
                                                              const NotificationContext& context);

}  // namespace machi::broker

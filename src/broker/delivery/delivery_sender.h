#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "broker/delivery/request_tokens.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/notification.h"
#include "broker/subscription/subscription.h"
#include "broker/usage.h"
#include "net/client.h"
#include "net/mqtt.h"

namespace machi::broker {

struct DeliveryResult {
  bool delivered = false;
  std::optional<int> status{};  ///< HTTP status of the receiver's answer
  std::string reason{};         ///< why it was not delivered
  bool final = false;           ///< no use in trying again: the templates give no message
};

/// Sends one notification. An answer of the receiver is a delivery whatever its status, as Orion counts, except those
/// that say "not now" (429, 502, 503, 504): these are tried again.
class DeliverySender {
 public:
  DeliverySender(net::Client& http, net::MqttPublisher& mqtt, std::chrono::milliseconds timeout,
                 const RequestTokens& tokens, Usage& usage)
      : http_(http), mqtt_(mqtt), timeout_(timeout), tokens_(tokens), usage_(usage) {}
  [[nodiscard]] Task<DeliveryResult> send(const Subscription* subscription, const ChangeEvent* event, int ordinal);

 private:
  [[nodiscard]] Task<DeliveryResult> send_http(HttpNotification message, const ChangeEvent* event);
  [[nodiscard]] Task<DeliveryResult> publish(MqttNotification message, const ChangeEvent* event);

  net::Client& http_;
  net::MqttPublisher& mqtt_;
  std::chrono::milliseconds timeout_;
  const RequestTokens& tokens_;
  Usage& usage_;
};

/// What deliveries of a subscription share lanes by: scheme, host and port of its URL as written.
[[nodiscard]] std::string endpoint_of(const Subscription& subscription);

}  // namespace machi::broker

#include "broker/delivery/delivery_sender.h"

namespace machi::broker {
namespace {

bool says_not_now(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

net::ClientRequest request_of(HttpNotification message, std::chrono::milliseconds default_timeout) {
  net::ClientRequest request;
  request.method = std::move(message.method);
  request.url = std::move(message.url);
  for (auto& [name, value] : message.headers) request.headers.add(std::move(name), std::move(value));
  request.body = std::move(message.body);
  request.timeout = message.timeout.count() > 0 ? message.timeout : default_timeout;
  request.response_bytes = 1024 * 1024;
  return request;
}

net::MqttMessage message_of(MqttNotification message, std::chrono::milliseconds timeout) {
  net::MqttMessage out;
  out.url = std::move(message.url);
  out.topic = std::move(message.topic);
  out.payload = std::move(message.payload);
  out.qos = message.qos;
  out.retain = message.retain;
  if (message.credentials) {
    out.user = std::move(message.credentials->user);
    out.password = std::move(message.credentials->password);
  }
  out.timeout = timeout;
  return out;
}

}  // namespace

Task<DeliveryResult> DeliverySender::send(const Subscription* subscription, const ChangeEvent* event, int ordinal) {
  NotificationContext context;
  context.ordinal = ordinal;
  context.auth_token = tokens_.find(event->correlator);
  auto message = build_notification(*subscription, *event, context);
  if (!message) co_return DeliveryResult{false, {}, message.error().message, true};
  if (auto* mqtt = std::get_if<MqttNotification>(&*message)) co_return co_await publish(std::move(*mqtt), event);
  co_return co_await send_http(std::move(std::get<HttpNotification>(*message)), event);
}

Task<DeliveryResult> DeliverySender::publish(MqttNotification message, const ChangeEvent* event) {
  if (message.credentials && message.credentials->sealed)
    co_return DeliveryResult{false, {}, "the password for the MQTT broker cannot be read", false};
  const std::size_t bytes = message.payload.size();
  auto published = co_await mqtt_.publish(message_of(std::move(message), timeout_));
  usage_.sent(event->tenant, event->entity.service_path, bytes, 0, published.has_value());
  if (!published) co_return DeliveryResult{false, {}, published.error().message, false};
  co_return DeliveryResult{true, {}, {}, false};
}

Task<DeliveryResult> DeliverySender::send_http(HttpNotification message, const ChangeEvent* event) {
  const std::size_t bytes = message.body.size();
  auto answer = co_await http_.send(request_of(std::move(message), timeout_));
  usage_.sent(event->tenant, event->entity.service_path, bytes, answer ? answer->body.size() : 0, answer.has_value());
  if (!answer) co_return DeliveryResult{false, {}, answer.error().message, false};
  if (says_not_now(answer->status)) {
    co_return DeliveryResult{false, answer->status, "the receiver answered " + std::to_string(answer->status), false};
  }
  co_return DeliveryResult{true, answer->status, {}, false};
}

std::string endpoint_of(const Subscription& subscription) {
  const std::string& url = subscription.notification.url;
  const auto scheme = url.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(0, url.find_first_of("/?", host));
}

}  // namespace machi::broker

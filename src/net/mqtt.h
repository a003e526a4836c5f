#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "net/client.h"

namespace machi::net {

struct MqttMessage {
  std::string url;  ///< mqtt://host:port
  std::string topic;
  std::string payload;
  int qos = 0;  ///< 0 to 2
  bool retain = false;
  std::string user;  ///< empty: no credentials
  std::string password;
  std::chrono::milliseconds timeout{5000};
};

/// Publishes over MQTT 3.1.1 (libmosquitto). One connection per (broker, user), opened on the first message, closed
/// when idle. Belongs to one loop. The guard judges broker addresses as it does for HTTP.
class MqttPublisher {
 public:
  MqttPublisher(Loop& loop, std::shared_ptr<const OutgoingGuard> guard,
                std::chrono::seconds idle_time = std::chrono::seconds(3600));
  ~MqttPublisher();
  /// Done when the broker has acknowledged (qos 1, 2) or the bytes are written (qos 0).
  /// Errors: bad_request, forbidden, timeout, bad_gateway.
  [[nodiscard]] Task<Result<>> publish(MqttMessage message);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace machi::net

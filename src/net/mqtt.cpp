#include "net/mqtt.h"

#include <mosquitto.h>

#include "net/mqtt_connection.h"

namespace machi::net {
namespace {

/// Brokers and users with an open connection, for one loop; beyond: busy.
constexpr std::size_t kConnectionsAtMost = 1024;
constexpr std::size_t kPayloadAtMost = 268435455;  // MQTT 3.1.1 §2.2.3

Result<Url> check(const MqttMessage& message) {
  auto url = Url::parse(message.url);
  if (!url) return url;
  if (url->scheme != "mqtt") return fail(ErrorCode::bad_request, "Unsupported protocol", "url");
  if (message.qos < 0 || message.qos > 2) return fail(ErrorCode::bad_request, "qos must be 0, 1 or 2", "qos");
  const auto topic_size = static_cast<int>(message.topic.size());
  const bool topic_ok = !message.topic.empty() && message.topic.find('\0') == std::string::npos &&
                        mosquitto_pub_topic_check2(message.topic.c_str(), message.topic.size()) == MOSQ_ERR_SUCCESS &&
                        mosquitto_validate_utf8(message.topic.c_str(), topic_size) == MOSQ_ERR_SUCCESS;
  if (!topic_ok) return fail(ErrorCode::bad_request, "The topic is not one that can be published to", "topic");
  if (message.payload.size() > kPayloadAtMost) return fail(ErrorCode::payload_too_large, "Maximum file size exceeded");
  return url;
}

std::chrono::milliseconds tick_of(std::chrono::seconds idle_time) {
  return std::clamp<std::chrono::milliseconds>(idle_time / 2, std::chrono::milliseconds(100),
                                               std::chrono::milliseconds(5000));
}

}  // namespace

struct MqttPublisher::State : std::enable_shared_from_this<MqttPublisher::State> {
  State(Loop& l, std::shared_ptr<const OutgoingGuard> g, std::chrono::seconds idle)
      : loop(l), guard(std::move(g)), idle_time(idle), resolver(l), ticker(l.get_executor()) {
    [[maybe_unused]] static const int initialized = mosquitto_lib_init();
  }

  /// Who publishes to whom. The password belongs to it: a wrong one must not ride on a login with the right one.
  using Key = std::tuple<std::string, std::uint16_t, std::string, std::string>;

  Task<Result<>> publish(MqttMessage message);
  Task<Result<>> open(std::shared_ptr<MqttConnection> connection, Url url, std::string user, std::string password,
                      Deadline deadline);
  void arm_ticker();
  void tick();

  Loop& loop;
  std::shared_ptr<const OutgoingGuard> guard;
  std::chrono::seconds idle_time;
  Resolver resolver;
  std::map<Key, std::shared_ptr<MqttConnection>> connections;
  LoopTimer ticker;
  bool ticking = false;
  bool stopped = false;
};

Task<Result<>> MqttPublisher::State::open(std::shared_ptr<MqttConnection> connection, Url url, std::string user,
                                          std::string password, Deadline deadline) {
  auto endpoints = co_await resolver.resolve(url.host, url.port, guard, deadline);
  if (!endpoints) {
    connection->lose(endpoints.error());
    co_return fail(endpoints.error());
  }
  auto opened = co_await connection->open(std::move(*endpoints), std::move(user), std::move(password), deadline);
  co_return opened;
}

Task<Result<>> MqttPublisher::State::publish(MqttMessage message) {
  const auto self = shared_from_this();  // the publisher may go while this runs
  const auto deadline = std::chrono::steady_clock::now() + message.timeout;
  const auto url = check(message);
  if (!url) co_return fail(url.error());
  const Key key{url->host, url->port, message.user, message.password};
  for (bool again = false;; again = true) {
    if (stopped) co_return fail(ErrorCode::busy, "The server is stopping");
    auto connection = connections[key];
    const bool had_one = connection && !connection->is_lost();
    const bool was_open = had_one && connection->is_open();
    Result<> outcome;
    if (had_one) {
      outcome = co_await connection->wait_open(deadline);
    } else {
      if (connections.size() > kConnectionsAtMost) {
        connections.erase(key);
        co_return fail(ErrorCode::busy, "Too many brokers at a time");
      }
      connection = connections[key] = std::make_shared<MqttConnection>(loop);
      arm_ticker();
      outcome = co_await open(connection, *url, message.user, message.password, deadline);
    }
    if (outcome) outcome = co_await connection->publish(message, deadline);
    const bool lost = connection->is_lost();
    const auto known = connections.find(key);
    if (lost && known != connections.end() && known->second == connection) connections.erase(known);
    // Only what an old connection could not tell us is tried again: nobody knows since when the broker was gone.
    const bool worth = !outcome && lost && was_open && outcome.error().code == ErrorCode::bad_gateway;
    if (!worth || again) co_return outcome;
  }
}

void MqttPublisher::State::arm_ticker() {
  if (ticking || stopped) return;
  ticking = true;
  ticker.expires_after(tick_of(idle_time));
  ticker.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->tick();
  });
}

void MqttPublisher::State::tick() {
  ticking = false;
  const auto idle_limit = std::chrono::steady_clock::now() - idle_time;
  for (auto at = connections.begin(); at != connections.end();) {
    const auto connection = at->second;
    connection->tick();
    if (connection->is_open() && connection->is_idle_since(idle_limit)) connection->close();
    at = connection->is_lost() ? connections.erase(at) : std::next(at);
  }
  if (!connections.empty()) arm_ticker();
}

MqttPublisher::MqttPublisher(Loop& loop, std::shared_ptr<const OutgoingGuard> guard, std::chrono::seconds idle_time)
    : state_(std::make_shared<State>(loop, std::move(guard), idle_time)) {}

MqttPublisher::~MqttPublisher() {
  state_->stopped = true;
  state_->ticker.cancel();
  for (const auto& [key, connection] : std::exchange(state_->connections, {})) connection->close();
  state_->resolver.stop();
}

Task<Result<>> MqttPublisher::publish(MqttMessage message) {
  return state_->publish(std::move(message));
}

}  // namespace machi::net

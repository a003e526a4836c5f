#include "net/mqtt_connection.h"

#include <mosquitto.h>
#include <unistd.h>

namespace machi::net {
namespace {

constexpr int kKeepAliveSeconds = 60;
/// Messages of one connection whose acknowledgement is awaited; beyond: busy.
constexpr std::size_t kPendingAtMost = 1024;

Error timed_out() {
  return Error{ErrorCode::timeout, std::string(kTimeoutWords)};
}

Error refused() {
  return Error{ErrorCode::bad_gateway, "Could not connect to server"};
}

}  // namespace

void MqttConnection::Destroy::operator()(mosquitto* handle) const {
  mosquitto_destroy(handle);
}

MqttConnection::MqttConnection(Loop& loop)
    : loop_(loop), last_used_(std::chrono::steady_clock::now()), last_heard_(last_used_) {}

MqttConnection::~MqttConnection() = default;

void MqttConnection::on_connect(mosquitto*, void* self, int code) {
  auto* const connection = static_cast<MqttConnection*>(self);
  if (code != 0) connection->failure_ = Error{ErrorCode::bad_gateway, mosquitto_connack_string(code)};
  if (connection->answered_) connection->answered_->set();
}

void MqttConnection::on_publish(mosquitto*, void* self, int message_id) {
  static_cast<MqttConnection*>(self)->settle(message_id);
}

void MqttConnection::settle(int message_id) {
  last_heard_ = std::chrono::steady_clock::now();
  const auto found = pending_.find(message_id);
  if (found != pending_.end()) {
    found->second->set();
  } else if (publishing_) {
    early_.insert(message_id);
  }
}

Task<Result<>> MqttConnection::open(std::vector<asio::ip::tcp::endpoint> endpoints, std::string user,
                                    std::string password, Deadline deadline) {
  const auto self = shared_from_this();
  Result<> opened = fail(refused());
  for (std::size_t i = 0; i < endpoints.size() && !opened && stage_ == Stage::connecting; ++i) {
    const auto now = std::chrono::steady_clock::now();
    const auto until = now + (deadline - now) / static_cast<long>(endpoints.size() - i);
    opened = co_await open_at(endpoints[i], user, password, until);
  }
  if (stage_ == Stage::lost) co_return fail(*failure_);  // closed from outside meanwhile
  if (!opened) {
    lose(opened.error());
    co_return opened;
  }
  stage_ = Stage::open;
  for (const auto& signal : std::exchange(waiting_for_open_, {})) signal->set();
  co_return opened;
}

Task<Result<>> MqttConnection::open_at(asio::ip::tcp::endpoint endpoint, std::string user, std::string password,
                                       Deadline deadline) {
  failure_.reset();
  answered_ = std::make_shared<Signal>(loop_);
  const auto answered = answered_;
  handle_.reset(mosquitto_new(nullptr, true, this));
  if (!handle_) co_return fail(ErrorCode::internal, "no memory for an MQTT connection");
  mosquitto_connect_callback_set(handle_.get(), &MqttConnection::on_connect);
  mosquitto_publish_callback_set(handle_.get(), &MqttConnection::on_publish);
  if (!user.empty()) mosquitto_username_pw_set(handle_.get(), user.c_str(), password.c_str());
  // A numeric address: libmosquitto asks no DNS, and connects without blocking.
  const auto address = endpoint.address().to_string();
  if (mosquitto_connect_async(handle_.get(), address.c_str(), endpoint.port(), kKeepAliveSeconds) != MOSQ_ERR_SUCCESS) {
    co_return fail(refused());
  }
  const int duplicate = ::dup(mosquitto_socket(handle_.get()));
  if (duplicate < 0) co_return fail(ErrorCode::internal, "no file descriptor for an MQTT connection");
  socket_ = std::make_unique<Descriptor>(loop_.get_executor(), duplicate);
  waits_writable_ = false;
  wait_readable();
  wait_writable();
  co_await answered->wait_until(deadline);
  if (!answered->is_set()) co_return fail(timed_out());
  if (failure_) co_return fail(*failure_);
  co_return Result<>{};
}

Task<Result<>> MqttConnection::wait_open(Deadline deadline) {
  const auto self = shared_from_this();
  if (stage_ == Stage::connecting) {
    auto signal = std::make_shared<Signal>(loop_);
    waiting_for_open_.push_back(signal);
    co_await signal->wait_until(deadline);
    if (stage_ == Stage::connecting) std::erase(waiting_for_open_, signal);
  }
  if (stage_ == Stage::lost) co_return fail(*failure_);
  if (stage_ == Stage::connecting) co_return fail(timed_out());
  co_return Result<>{};
}

Task<Result<>> MqttConnection::publish(MqttMessage message, Deadline deadline) {
  const auto self = shared_from_this();
  if (stage_ == Stage::lost) co_return fail(*failure_);
  if (pending_.size() >= kPendingAtMost) co_return fail(ErrorCode::busy, "Too many messages wait for this broker");
  const auto sent = std::chrono::steady_clock::now();
  last_used_ = sent;
  int id = 0;
  publishing_ = true;
  const int code =
      mosquitto_publish(handle_.get(), &id, message.topic.c_str(), static_cast<int>(message.payload.size()),
                        message.payload.data(), message.qos, message.retain);
  publishing_ = false;
  const bool early = early_.contains(id);
  early_.clear();
  auto acknowledged = std::make_shared<Signal>(loop_);
  if (code == MOSQ_ERR_SUCCESS && !early) pending_[id] = acknowledged;
  after(code);
  if (early) co_return Result<>{};
  if (stage_ == Stage::lost) co_return fail(*failure_);
  co_await acknowledged->wait_until(deadline);
  if (stage_ != Stage::lost) pending_.erase(id);
  if (acknowledged->is_set() && stage_ != Stage::lost) co_return Result<>{};
  if (stage_ == Stage::lost) co_return fail(*failure_);
  // A broker that has acknowledged nothing since then is taken for dead: what libmosquitto queues must not grow.
  if (last_heard_ < sent) lose(timed_out());
  co_return fail(timed_out());
}

void MqttConnection::after(int code) {
  if (stage_ == Stage::lost) return;
  if (code == MOSQ_ERR_SUCCESS) {
    if (mosquitto_want_write(handle_.get())) wait_writable();
    return;
  }
  if (stage_ == Stage::connecting) {
    if (!failure_) failure_ = refused();
    socket_.reset();
    answered_->set();
  } else {
    lose(Error{ErrorCode::bad_gateway, mosquitto_strerror(code)});
  }
}

void MqttConnection::wait_readable() {
  socket_->async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->socket_) return;
    self->after(mosquitto_loop_read(self->handle_.get(), 1));
    if (self->socket_) self->wait_readable();
  });
}

void MqttConnection::wait_writable() {
  if (waits_writable_ || !socket_) return;
  waits_writable_ = true;
  socket_->async_wait(Descriptor::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->socket_) return;  // of a socket that is gone
    self->waits_writable_ = false;
    self->after(mosquitto_loop_write(self->handle_.get(), 1));
  });
}

void MqttConnection::lose(Error why) {
  if (stage_ == Stage::lost) return;
  stage_ = Stage::lost;
  failure_ = std::move(why);
  socket_.reset();
  if (answered_) answered_->set();
  for (const auto& [id, signal] : std::exchange(pending_, {})) signal->set();
  for (const auto& signal : std::exchange(waiting_for_open_, {})) signal->set();
}

void MqttConnection::close() {
  if (is_open()) mosquitto_disconnect(handle_.get());
  lose(Error{ErrorCode::bad_gateway, "The connection to the broker was closed"});
}

void MqttConnection::tick() {
  if (is_open()) after(mosquitto_loop_misc(handle_.get()));
}

}  // namespace machi::net

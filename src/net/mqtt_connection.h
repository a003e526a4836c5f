#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/mqtt.h"
#include "net/resolver.h"

struct mosquitto;

namespace machi::net {

/// One connection to one broker as one user: libmosquitto's protocol, driven by the loop's readiness events.
/// connecting -> open -> lost; a lost one never comes back, a new one takes its place.
class MqttConnection : public std::enable_shared_from_this<MqttConnection> {
 public:
  explicit MqttConnection(Loop& loop);
  ~MqttConnection();
  MqttConnection(const MqttConnection&) = delete;
  MqttConnection& operator=(const MqttConnection&) = delete;

  /// Connects and logs in; called once, by the one who made it. Errors: bad_gateway, timeout.
  [[nodiscard]] Task<Result<>> open(std::vector<asio::ip::tcp::endpoint> endpoints, std::string user,
                                    std::string password, Deadline deadline);
  /// Waits for the other's open(). Errors: as that.
  [[nodiscard]] Task<Result<>> wait_open(Deadline deadline);
  /// Errors: bad_gateway (connection lost before the acknowledgement), timeout, busy.
  [[nodiscard]] Task<Result<>> publish(MqttMessage message, Deadline deadline);
  /// Gives up: those who wait get `why`.
  void lose(Error why);
  /// Says goodbye to the broker, then as lose().
  void close();

  [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
  [[nodiscard]] bool is_lost() const { return stage_ == Stage::lost; }
  [[nodiscard]] bool is_idle_since(Deadline moment) const { return pending_.empty() && last_used_ < moment; }
  /// Lets libmosquitto send its pings and notice their absence.
  void tick();

 private:
  enum class Stage { connecting, open, lost };
  struct Destroy {
    void operator()(mosquitto* handle) const;
  };
  using Descriptor = asio::posix::basic_stream_descriptor<Loop::executor_type>;

  static void on_connect(mosquitto*, void* self, int code);
  static void on_publish(mosquitto*, void* self, int message_id);
  [[nodiscard]] Task<Result<>> open_at(asio::ip::tcp::endpoint endpoint, std::string user, std::string password,
                                       Deadline deadline);
  void wait_readable();
  void wait_writable();
  /// After each call into libmosquitto: notices its failures and what it wants to write.
  void after(int code);
  void settle(int message_id);

  Loop& loop_;
  std::unique_ptr<mosquitto, Destroy> handle_;
  /// A duplicate of libmosquitto's socket: it may close its own whenever it likes, while ours is registered.
  std::unique_ptr<Descriptor> socket_;
  bool waits_writable_ = false;
  Stage stage_ = Stage::connecting;
  std::optional<Error> failure_;      ///< why the present attempt or the connection failed
  std::shared_ptr<Signal> answered_;  ///< the broker has accepted or refused the login
  std::vector<std::shared_ptr<Signal>> waiting_for_open_;
  std::map<int, std::shared_ptr<Signal>> pending_;  ///< by libmosquitto's message id
  std::set<int> early_;                             ///< acknowledged while publish was still running
  bool publishing_ = false;
  Deadline last_used_;
  Deadline last_heard_;
};

}  // namespace machi::net

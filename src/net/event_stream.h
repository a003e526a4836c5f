#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/task.h"
#include "net/http.h"

namespace machi::net {

/// One server-sent event (WHATWG HTML §9.2). `data` may hold several lines; line feeds in `id` and `event` end them.
struct Event {
  std::string id;     ///< empty: not sent; comes back as Last-Event-ID when the client connects again
  std::string event;  ///< empty: "message"
  std::string data;
};
[[nodiscard]] std::string format_event(const Event& event);

/// The events for one client, between those who publish and the connection that sends. Belongs to one loop.
/// Bounded: when the client does not keep up, what waits is dropped, a last event `overflow` tells it so, and the
/// stream ends; the client connects again with Last-Event-ID and gets what it has missed from whoever keeps it.
class EventQueue {
 public:
  struct Options {
    std::size_t bytes = 256 * 1024;               ///< formatted events that wait
    std::chrono::milliseconds heartbeat{15'000};  ///< a comment line after so long without an event
    std::chrono::milliseconds retry{3000};        ///< told to the client: how long it waits before it connects again
  };
  EventQueue(Loop& loop, Options options);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  /// False: the stream has ended (overflow, close() or a client that went away) and the publisher may forget it.
  bool publish(const Event& event);
  /// Sends what waits, then ends the stream; at a graceful stop, for one.
  void close();
  /// Whether nothing will be sent any more.
  [[nodiscard]] bool is_closed() const;

 private:
  friend Response event_stream(const std::shared_ptr<EventQueue>& queue);
  struct State;
  std::shared_ptr<State> state_;
};

/// A response that sends the queue's events as they come. The stream keeps the queue's content alive, not the queue: it
/// ends when the owner lets the queue go. A client that goes away is noticed with the next event or heartbeat.
[[nodiscard]] Response event_stream(const std::shared_ptr<EventQueue>& queue);

}  // namespace machi::net

#include "net/event_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace machi::net {
namespace {

constexpr std::string_view kOverflow = "event: overflow\ndata: the client did not keep up\n\n";
constexpr std::string_view kHeartbeat = ":\n\n";

/// One line that no content can end.
void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += value.substr(0, value.find_first_of(std::string_view("\r\n\0", 3)));
  out += '\n';
}

/// Takes the next line off `text`; any of CR, LF and CRLF ends it.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text = {};
    return line;
  }
  const bool is_pair = text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n';
  text.remove_prefix(end + (is_pair ? 2 : 1));
  return line;
}

}  // namespace

std::string format_event(const Event& event) {
  std::string out;
  out.reserve(event.id.size() + event.event.size() + event.data.size() + 32);
  if (!event.id.empty()) append_line(out, "id: ", event.id);
  if (!event.event.empty()) append_line(out, "event: ", event.event);
  std::string_view rest = event.data;
  do {
    append_line(out, "data: ", take_line(rest));
  } while (!rest.empty());
  out += '\n';
  return out;
}

struct EventQueue::State {
  State(Loop& loop, Options o) : options(o), wake(loop) {
    waiting = "retry: " + std::to_string(options.retry.count()) + "\n\n";
  }

  void end() {
    is_closed = true;
    wake.cancel();
  }

  Options options;
  LoopTimer wake;  // cancelled when something waits, else the heartbeat
  std::string waiting;
  bool is_closed = false;
};

namespace {

/// Lives in the response's stream: when the connection lets it go, publishers learn that the client is gone.
template <typename State>
struct Reader {
  explicit Reader(std::shared_ptr<State> s) : state(std::move(s)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { state->is_closed = true; }
  std::shared_ptr<State> state;
};

template <typename State>
Task<Result<std::string>> next_events(std::shared_ptr<Reader<State>> reader) {
  State& state = *reader->state;
  if (state.waiting.empty() && !state.is_closed) {
    state.wake.expires_after(state.options.heartbeat);
    boost::system::error_code ec;
    co_await state.wake.async_wait(asio::redirect_error(kUseTask, ec));
    if (state.waiting.empty() && !state.is_closed) co_return std::string(kHeartbeat);
  }
  co_return std::exchange(state.waiting, {});
}

}  // namespace

EventQueue::EventQueue(Loop& loop, Options options) : state_(std::make_shared<State>(loop, options)) {}

EventQueue::~EventQueue() {
  close();
}

bool EventQueue::publish(const Event& event) {
  if (state_->is_closed) return false;
  std::string text = format_event(event);
  if (state_->waiting.size() + text.size() > state_->options.bytes) {
    state_->waiting = kOverflow;
    state_->end();
    return false;
  }
  state_->waiting += text;
  state_->wake.cancel();
  return true;
}

void EventQueue::close() {
  state_->end();
}

bool EventQueue::is_closed() const {
  return state_->is_closed;
}

Response event_stream(const std::shared_ptr<EventQueue>& queue) {
  Response response = Response::empty(200);
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");  // nginx in front passes events on at once
  auto reader = std::make_shared<Reader<EventQueue::State>>(queue->state_);
  response.stream = [reader] { return next_events(reader); };
  return response;
}

}  // namespace machi::net

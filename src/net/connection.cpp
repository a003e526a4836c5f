#include "net/connection.h"

#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "net/http_connection.h"

namespace machi::net {
namespace {

constexpr std::size_t kReadBytes = 8 * 1024;
constexpr std::size_t kBulkReadBytes = 64 * 1024;  // while a large body arrives
// How long and how much we listen after a refusal, so that the answer is not lost to a reset (RFC 9112 §9.6).
constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;

bool is_safe(Method method) {
  return method == Method::get || method == Method::head || method == Method::options;
}

}  // namespace

template <typename Stream>
Connection::Clock::duration HttpConnection<Stream>::time_of(Phase phase) const {
  switch (phase) {
    case Phase::handshake:
    case Phase::head:
      return limits().header_time;
    case Phase::body:
      return limits().body_time;
    case Phase::writing:
      return limits().write_time;
    case Phase::lingering:
      return kLingerTime;
    case Phase::idle:
    case Phase::handling:
      break;
  }
  return limits().idle_time;
}

template <typename Stream>
Task<> HttpConnection<Stream>::serve() {
  while (!is_cut_ && !is_last_) {
    read_requests();
    if (ready_ > 0) {
      enter(Phase::handling);
      bool goes_on = true;
      if (ready_ == 1) {
        Exchange& only = slot(0);
        only.response = co_await server_->setup().router->handle(only.parsed.request);
        if (!queue(only)) goes_on = co_await send_on(0);
      } else {
        goes_on = co_await answer_all();
      }
      drop_ready();
      if (goes_on && !write_at_once()) goes_on = co_await write_rest();
      if (!goes_on) co_return;
      continue;
    }
    if (has_refused_) {
      co_await refuse_request(parser_.refusal());
      co_return;
    }
    if (server_->is_draining() && !parser_.is_started()) co_return;
    if (parser_.take_continue()) {
      out_.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
      const bool written = co_await write_rest();
      if (!written) co_return;
    }
    error_code ec;
    const std::size_t count = co_await read_some(room_for_more(), ec);
    in_.commit(count);
    if (!ec) continue;
    if (has_timed_out_) co_await refuse_request(refuse(408, "the request did not arrive in time"));
    co_return;
  }
}

/// After the answers: the request that is being read goes on in the first place.
template <typename Stream>
void HttpConnection<Stream>::drop_ready() {
  if (ready_ < exchanges_.size()) std::swap(exchanges_[0], exchanges_[ready_]);
  ready_ = 0;
}

/// The exchange of this place in the pipeline.
template <typename Stream>
Exchange& HttpConnection<Stream>::slot(std::size_t index) {
  if (index == exchanges_.size()) exchanges_.push_back(std::make_unique<Exchange>());
  return *exchanges_[index];
}

template <typename Stream>
void HttpConnection<Stream>::read_requests() {
  while (!has_refused_ && !in_.empty() && ready_ < limits().pipelined_requests) {
    ParsedRequest& parsed = slot(ready_).parsed;
    const auto progress = parser_.feed(in_.view(), parsed);
    in_.consume(progress.consumed);
    if (progress.step == RequestParser::Step::need_more) break;
    if (progress.step == RequestParser::Step::refused) {
      has_refused_ = true;
      break;
    }
    identify(parsed.request);
    ++ready_;
  }
}

template <typename Stream>
void HttpConnection<Stream>::identify(Request& request) {
  request.received = now();
  request.correlator = request.headers.get("Fiware-Correlator");
  if (request.correlator.empty()) request.correlator = random_uuid();
  if (server_->setup().proxies.empty()) {
    request.client_address = peer_text_;
    request.secure = kTls;
    return;
  }
  ClientOrigin origin = server_->setup().proxies.origin(peer_, kTls, request.headers);
  request.client_address = std::move(origin.address);
  request.secure = origin.secure;
}

template <typename Stream>
asio::mutable_buffer HttpConnection<Stream>::room_for_more() {
  enter(parser_.is_in_body() ? Phase::body : parser_.is_started() ? Phase::head : Phase::idle);
  const bool is_bulk = phase_ == Phase::body && slot(0).parsed.request.body.size() >= kReadBytes;
  return in_.prepare(is_bulk ? kBulkReadBytes : kReadBytes);
}

template <typename Stream>
std::size_t HttpConnection<Stream>::group_end(std::size_t first) const {
  std::size_t end = first;
  while (end < ready_ && is_safe(exchanges_[end]->parsed.request.method)) ++end;
  return end == first ? first + 1 : end;
}

/// False: the connection is gone.
template <typename Stream>
Task<bool> HttpConnection<Stream>::answer_all() {
  std::size_t next = 0;
  while (next < ready_ && !is_last_) {
    enter(Phase::handling);
    const std::size_t end = group_end(next);
    co_await handle_together(next, end);
    for (; next < end && !is_last_; ++next) {
      if (queue(slot(next))) continue;
      const bool sent = co_await send_on(next);
      if (!sent) co_return false;
    }
  }
  co_return true;
}

template <typename Stream>
Task<> HttpConnection<Stream>::handle(std::size_t index) {
  Exchange& exchange = slot(index);
  exchange.response = co_await server_->setup().router->handle(exchange.parsed.request);
}

template <typename Stream>
Task<> HttpConnection<Stream>::handle_together(std::size_t first, std::size_t last) {
  struct Latch {
    Timer timer;
    std::size_t open;
  };
  auto latch = std::make_shared<Latch>(Timer(server_->loop(), Clock::time_point::max()), last - first);
  for (std::size_t i = first; i < last; ++i) {
    asio::co_spawn(server_->loop(), handle(i), [latch, self = this->shared_from_this()](std::exception_ptr) {
      if (--latch->open == 0) latch->timer.cancel();
    });
  }
  while (latch->open > 0) {
    error_code ec;
    co_await latch->timer.async_wait(asio::redirect_error(kUseTask, ec));
  }
}

/// Queues the answer. False: something must be sent before the next, see send_on().
template <typename Stream>
bool HttpConnection<Stream>::queue(Exchange& exchange) {
  const ParsedRequest& parsed = exchange.parsed;
  const bool is_head = parsed.request.method == Method::head;
  if (is_head) exchange.response.stream = nullptr;
  const bool streams = static_cast<bool>(exchange.response.stream);
  is_last_ = !parsed.keep_alive || server_->is_draining() || (streams && !parsed.http_1_1);
  out_.append(std::move(exchange.response),
              {.date = server_->date(), .http_1_1 = parsed.http_1_1, .keep_alive = !is_last_, .head_only = is_head});
  return !streams && out_.bytes() < limits().write_buffer_bytes;
}

/// False: the connection is gone.
template <typename Stream>
Task<bool> HttpConnection<Stream>::send_on(std::size_t index) {
  BodyStream stream = std::exchange(slot(index).response.stream, nullptr);
  bool sent = true;
  if (stream) {
    sent = co_await send_stream(std::move(stream), slot(index).parsed.http_1_1);
  } else {
    sent = co_await write_rest();
  }
  co_return sent;
}

/// A stream that fails ends the connection without the last chunk: the client sees that the answer is not whole.
template <typename Stream>
Task<bool> HttpConnection<Stream>::send_stream(BodyStream stream, bool chunked) {
  try {
    while (true) {
      const bool written = co_await write_rest();
      if (!written) co_return false;
      enter(Phase::handling);
      Result<std::string> piece = co_await stream();
      if (!piece) co_return false;
      const bool is_end = piece->empty();
      if (chunked) {
        out_.append_chunk(*std::move(piece));
      } else if (!is_end) {
        out_.append(*std::move(piece));
      }
      if (is_end) co_return true;
    }
  } catch (const std::exception& e) {
    log::error("a response stream failed", {{"reason", std::string_view(e.what())}});
    co_return false;
  }
}

template <typename Stream>
Task<> HttpConnection<Stream>::refuse_request(Refusal refusal) {
  Request request = std::move(slot(0).parsed.request);
  identify(request);
  Response response = server_->setup().router->render_error(refusal.error, request, refusal.status);
  out_.append(
      std::move(response),
      {.date = server_->date(), .http_1_1 = true, .keep_alive = false, .head_only = request.method == Method::head});
  must_linger_ = true;
  co_await write_rest();
}

/// One write that does not wait; true when all is written. What fails is found by write_rest().
template <typename Stream>
bool HttpConnection<Stream>::write_at_once() {
  if constexpr (kTls) {
    return out_.empty();  // TLS cannot take back a record that went out in part
  } else {
    error_code ec;
    const std::size_t count =
        out_.is_one_piece() ? stream_.write_some(out_.front(), ec) : stream_.write_some(out_.buffers(), ec);
    if (!ec) out_.consume(count);
    return out_.empty();
  }
}

/// False: the peer is gone or takes nothing.
template <typename Stream>
Task<bool> HttpConnection<Stream>::write_rest() {
  while (!out_.empty()) {
    phase_ = Phase::writing;
    deadline_ = server_->coarse_now() + limits().write_time;
    error_code ec;
    std::size_t count = 0;
    if constexpr (kTls) {
      count = co_await stream_.async_write_some(out_.front(), asio::redirect_error(kUseTask, ec));
    } else {
      const auto buffers = out_.buffers();
      count = co_await stream_.async_write_some(buffers, asio::redirect_error(kUseTask, ec));
    }
    if (ec) co_return false;
    out_.consume(count);
  }
  co_return true;
}

template <typename Stream>
Task<> HttpConnection<Stream>::finish() {
  if (is_cut_) co_return;
  enter(Phase::lingering);
  error_code ec;
  if constexpr (kTls) {
    co_await stream_.async_shutdown(asio::redirect_error(kUseTask, ec));
  }
  if (!must_linger_ || is_cut_) co_return;
  socket().shutdown(asio::socket_base::shutdown_send, ec);
  std::size_t heard = 0;
  while (!ec && heard < kLingerBytes) {
    const auto room = in_.prepare(kReadBytes);
    const std::size_t count = co_await socket().async_read_some(room, asio::redirect_error(kUseTask, ec));
    heard += count;
  }
}

namespace {

template <typename Stream>
void launch(Stream stream, asio::ip::address peer, const std::shared_ptr<LoopServer>& server) {
  auto connection = std::make_shared<HttpConnection<Stream>>(std::move(stream), std::move(peer), server);
  asio::co_spawn(server->loop(), HttpConnection<Stream>::run(std::move(connection)), [](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log::error("a connection failed", {{"reason", std::string_view(e.what())}});
    }
  });
}

}  // namespace

void serve_connection(Socket socket, std::shared_ptr<LoopServer> server) {
  error_code ec;
  asio::ip::address peer = socket.remote_endpoint(ec).address();
  if (ec) return;
  if (server->setup().tls) {
    const auto context = server->setup().tls->current();
    launch(TlsStream(std::move(socket), *context), std::move(peer), server);
  } else {
    launch(std::move(socket), std::move(peer), server);
  }
}

}  // namespace machi::net

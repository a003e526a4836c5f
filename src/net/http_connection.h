#pragma once
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "net/connection.h"
#include "net/loop_server.h"
#include "net/read_buffer.h"
#include "net/request_parser.h"
#include "net/response_writer.h"

namespace machi::net {

using boost::system::error_code;
using TlsStream = asio::ssl::stream<Socket>;

/// A request and its answer, in their place of the pipeline.
struct Exchange {
  ParsedRequest parsed;
  Response response;
};

/// How a connection is served, over plain TCP or TLS: bytes are read into one buffer, all requests that are complete in
/// it are answered in order, and their answers leave in one write. Safe requests that arrived together run side by
/// side; an unsafe one runs alone, after those before it and before those behind it (RFC 9112 §9.3.2).
template <typename Stream>
class HttpConnection final : public Connection, public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  HttpConnection(Stream stream, asio::ip::address peer, std::shared_ptr<LoopServer> server)
      : stream_(std::move(stream)),
        server_(std::move(server)),
        peer_(std::move(peer)),
        peer_text_(unmapped(peer_).to_string()),
        parser_({limits().header_bytes, limits().header_count, limits().body_bytes}) {
    server_->enter(*this);
  }

  ~HttpConnection() override { server_->leave(*this); }

  static Task<> run(std::shared_ptr<HttpConnection> self) {
    if constexpr (kTls) {
      self->enter(Phase::handshake);
      error_code ec;
      co_await self->stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(kUseTask, ec));
      if (ec) co_return;
    }
    co_await self->serve();
    co_await self->finish();
  }

  void expire() override {
    deadline_ = Clock::time_point::max();
    if (phase_ != Phase::head && phase_ != Phase::body) return abort();
    has_timed_out_ = true;
    error_code ec;
    socket().cancel(ec);
  }

  void drain() override {
    error_code ec;
    if (phase_ == Phase::idle) socket().cancel(ec);
  }

  void abort() override {
    is_cut_ = true;
    error_code ec;
    // Reset: what a peer does not take would stay in the kernel's buffer for as long as it pleases.
    if (phase_ == Phase::writing) socket().set_option(asio::socket_base::linger(true, 0), ec);
    socket().close(ec);
  }

 private:
  enum class Phase { handshake, idle, head, body, handling, writing, lingering };

  Socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  [[nodiscard]] const ServerLimits& limits() const { return server_->setup().limits; }

  /// Begins a phase with its time limit; the same phase again keeps its deadline.
  void enter(Phase phase) {
    if (phase == phase_) return;
    phase_ = phase;
    deadline_ = phase == Phase::handling ? Clock::time_point::max() : server_->coarse_now() + time_of(phase);
  }
  [[nodiscard]] Clock::duration time_of(Phase phase) const;

  Task<> serve();
  void read_requests();
  asio::mutable_buffer room_for_more();

  /// async_read_some whose completion resumes the coroutine at once: it runs on this loop already, so that its executor
  /// need not be asked. It begins after the events that are ready now: under load the next request has then arrived and
  /// no read is in vain (with both: 10 % of a request's CPU).
  auto read_some(asio::mutable_buffer room, error_code& ec) {
    return asio::async_initiate<const asio::use_awaitable_t<Loop::executor_type>, void(std::size_t)>(
        [this](auto resume, asio::mutable_buffer into, error_code* result) {
          asio::post(server_->loop(), [this, into, result, resume = std::move(resume)]() mutable {
            if (must_not_wait()) {
              *result = asio::error::operation_aborted;
              return std::move(resume)(std::size_t{0});
            }
            stream_.async_read_some(
                into, [resume = std::move(resume), result](const error_code& e, std::size_t count) mutable {
                  *result = e;
                  std::move(resume)(count);
                });
          });
        },
        kUseTask, room, &ec);
  }
  /// What happened before a posted read began and would have cancelled it.
  [[nodiscard]] bool must_not_wait() const {
    return is_cut_ || has_timed_out_ || (phase_ == Phase::idle && server_->is_draining());
  }

  Task<bool> answer_all();
  Task<> handle(std::size_t index);
  Task<> handle_together(std::size_t first, std::size_t last);
  [[nodiscard]] std::size_t group_end(std::size_t first) const;
  void identify(Request& request);
  Exchange& slot(std::size_t index);
  void drop_ready();
  bool queue(Exchange& exchange);
  Task<bool> send_on(std::size_t index);
  Task<bool> send_stream(BodyStream stream, bool chunked);
  Task<> refuse_request(Refusal refusal);
  bool write_at_once();
  Task<bool> write_rest();
  Task<> finish();

  Stream stream_;
  std::shared_ptr<LoopServer> server_;
  asio::ip::address peer_;
  std::string peer_text_;
  RequestParser parser_;
  ReadBuffer in_;
  OutQueue out_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  // used again; handlers hold references
  std::size_t ready_ = 0;                             // requests that are complete and not answered
  Phase phase_ = Phase::handling;
  bool has_refused_ = false;
  bool has_timed_out_ = false;
  bool is_last_ = false;  // an answer said that the connection ends
  bool is_cut_ = false;
  bool must_linger_ = false;
};

}  // namespace machi::net

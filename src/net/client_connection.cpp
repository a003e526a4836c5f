#include "net/client_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace machi::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using PlainStream = beast::basic_stream<Tcp, Loop::executor_type, beast::unlimited_rate_policy>;
using TlsStream = asio::ssl::stream<PlainStream>;
using ErrorCodeOfIo = boost::system::error_code;

constexpr std::size_t kHeaderBytes = 64 * 1024;
constexpr auto kTuple = asio::as_tuple(kUseTask);

PlainStream& tcp_of(PlainStream& stream) {
  return stream;
}
PlainStream& tcp_of(TlsStream& stream) {
  return stream.next_layer();
}

Failure words(ErrorCode code, std::string_view sentence) {
  return fail(code, std::string(sentence));
}

bool is_close(const ErrorCodeOfIo& error) {
  return error == http::error::end_of_stream || error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated;
}

Failure read_failure(const ErrorCodeOfIo& error, bool unanswered) {
  if (error == beast::error::timeout) return words(ErrorCode::timeout, kTimeoutWords);
  if (unanswered) return words(ErrorCode::bad_gateway, "Server returned nothing (no headers, no data)");
  if (error == http::error::body_limit) return words(ErrorCode::payload_too_large, "Maximum file size exceeded");
  if (error == http::error::partial_message) return words(ErrorCode::bad_gateway, "Transferred a partial file");
  if (error.category() == http::make_error_code(http::error::bad_version).category()) {
    return words(ErrorCode::bad_gateway, "Weird server reply");
  }
  return words(ErrorCode::bad_gateway, "Failure when receiving data from the peer");
}

Failure write_failure(const ErrorCodeOfIo& error) {
  if (error == beast::error::timeout) return words(ErrorCode::timeout, kTimeoutWords);
  return words(ErrorCode::bad_gateway, "Failed sending data to the peer");
}

Failure handshake_failure(const ErrorCodeOfIo& error) {
  if (error == beast::error::timeout) return words(ErrorCode::timeout, kTimeoutWords);
  const auto code = static_cast<unsigned long>(error.value());
  if (error.category() == asio::error::get_ssl_category() && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return words(ErrorCode::bad_gateway, "SSL peer certificate or SSH remote key was not OK");
  }
  return words(ErrorCode::bad_gateway, "SSL connect error");
}

template <typename Message>
ClientResponse to_response(Message&& message) {
  ClientResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) response.headers.add(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(message.body());
  return response;
}

template <typename Stream>
class ConnectionOn final : public ClientConnection {
 public:
  explicit ConnectionOn(Stream stream) : stream_(std::move(stream)) {}

  Task<Exchange> exchange(std::shared_ptr<const std::string> wire, bool head_only, std::size_t response_bytes,
                          Deadline deadline) override {
    tcp_of(stream_).expires_at(deadline);
    const auto buffer = asio::buffer(*wire);
    const auto [write_error, written] = co_await asio::async_write(stream_, buffer, kTuple);
    // A peer may answer (413) and close while we still write: its answer counts more than our error.
    const bool was_cut = write_error && is_close(write_error) && written > 0;
    if (write_error && !was_cut) {
      co_return Exchange{write_failure(write_error), false, is_close(write_error), written};
    }
    auto exchange = co_await read_answer(head_only, response_bytes);
    exchange.written = written;
    if (was_cut) exchange.keep = false;
    tcp_of(stream_).expires_never();
    co_return exchange;
  }

  bool is_quiet() override {
    char byte = 0;
    const auto count = ::recv(tcp_of(stream_).socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  using Parser = http::response_parser<http::string_body>;

  Task<Exchange> read_answer(bool head_only, std::size_t response_bytes) {
    std::optional<Parser> parser;
    do {  // interim answers (1xx) are read over; 101 was never asked for and ends below as an answer without body
      parser.emplace();
      parser->header_limit(kHeaderBytes);
      parser->body_limit(response_bytes);
      parser->skip(head_only);
      const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, *parser, kTuple);
      if (error) {
        const bool unanswered = is_close(error) && !parser->got_some() && buffer_.size() == 0;
        co_return Exchange{read_failure(error, unanswered), false, unanswered};
      }
    } while (parser->get().result_int() / 100 == 1 && parser->get().result_int() != 101);

    if (!parser->is_done()) {
      const auto [error, bytes] = co_await http::async_read(stream_, buffer_, *parser, kTuple);
      if (error) co_return Exchange{read_failure(error, false)};
    }
    // Bytes beyond the answer belong to nothing that was asked.
    const bool keep = parser->keep_alive() && buffer_.size() == 0;
    co_return Exchange{to_response(parser->release()), keep};
  }

  Stream stream_;
  beast::flat_buffer buffer_;
};

Task<Result<std::unique_ptr<ClientConnection>>> start_tls(PlainStream stream, ConnectTarget target) {
  TlsStream tls(std::move(stream), *target.tls);
  boost::system::error_code not_address;
  const auto address = asio::ip::make_address(target.host, not_address);
  if (not_address && SSL_set_tlsext_host_name(tls.native_handle(), target.host.c_str()) != 1) {
    co_return words(ErrorCode::bad_gateway, "SSL connect error");
  }
  // The certificate's name for an address has no brackets and no mapped form.
  const std::string name = not_address ? target.host : address.to_string();
  tls.set_verify_callback(asio::ssl::host_name_verification(name));
  const auto [error] = co_await tls.async_handshake(asio::ssl::stream_base::client, kTuple);
  if (error) co_return handshake_failure(error);
  co_return std::make_unique<ConnectionOn<TlsStream>>(std::move(tls));
}

}  // namespace

Task<Result<std::unique_ptr<ClientConnection>>> open_connection(Loop& loop, ConnectTarget target, Deadline deadline) {
  bool timed_out = false;
  for (std::size_t i = 0; i < target.endpoints.size(); ++i) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) co_return words(ErrorCode::timeout, kTimeoutWords);
    PlainStream stream(loop.get_executor());
    // Each address that is still to be tried gets its share of the time that is left.
    stream.expires_at(now + (deadline - now) / static_cast<long>(target.endpoints.size() - i));
    const auto endpoint = target.endpoints[i];
    const auto [error] = co_await stream.async_connect(endpoint, kTuple);
    timed_out = error == beast::error::timeout;
    if (error) continue;
    ErrorCodeOfIo ignored;  // latency only; the connection works without
    stream.socket().set_option(Tcp::no_delay(true), ignored);
    stream.expires_at(deadline);
    if (target.tls == nullptr) co_return std::make_unique<ConnectionOn<PlainStream>>(std::move(stream));
    auto tls = co_await start_tls(std::move(stream), std::move(target));
    co_return tls;
  }
  if (timed_out) co_return words(ErrorCode::timeout, kTimeoutWords);
  co_return words(ErrorCode::bad_gateway, "Could not connect to server");
}

}  // namespace machi::net

#include "net/client.h"

#include "base/log.h"
#include "net/client_pool.h"

namespace machi::net {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

bool is_idempotent(std::string_view method) {
  constexpr std::string_view kIdempotent[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kIdempotent, method) != std::end(kIdempotent);
}

bool carries_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";  // RFC 9110 §5.6.2
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

/// Fields that describe this connection and framing: the client writes them itself.
bool is_framing(std::string_view name) {
  return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") || same_name(name, "Connection");
}

Result<> check(const ClientRequest& request) {
  if (!is_token(request.method)) return fail(ErrorCode::bad_request, "The method is not a token", "method");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) return fail(ErrorCode::bad_request, "A header field's name is not a token", name);
    if (!is_field_value(value)) {
      return fail(ErrorCode::bad_request, "A header field's value holds control characters", name);
    }
  }
  return {};
}

std::shared_ptr<const std::string> write_request(const ClientRequest& request, const Url& url) {
  auto wire = std::make_shared<std::string>();
  wire->reserve(256 + url.target.size() + request.body.size());
  wire->append(request.method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
  if (!request.headers.has("Host")) wire->append("Host: ").append(url.authority()).append("\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_framing(name)) wire->append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || carries_content(request.method)) {
    wire->append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  wire->append("\r\n").append(request.body);
  return wire;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Turns the request into the one that follows the redirect (RFC 9110 §15.4).
void follow(ClientRequest& request, int status, const Url& from, const Url& to) {
  const bool becomes_get = status == 303 || ((status == 301 || status == 302) && request.method == "POST");
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    request.headers.remove("Content-Type");
  }
  request.headers.remove("Host");
  if (from.scheme != to.scheme || from.authority() != to.authority()) {
    // Another party must not learn what was meant for the first.
    request.headers.remove("Authorization");
    request.headers.remove("Cookie");
    request.headers.remove("X-Auth-Token");
  }
}

asio::ssl::context make_tls(const Client::Options& options) {
  asio::ssl::context tls(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  tls.set_default_verify_paths(error);
  if (!error && !options.authorities_file.empty()) tls.load_verify_file(options.authorities_file, error);
  if (error) log::error("certificate authorities cannot be read", {{"reason", error.message()}});
  tls.set_verify_mode(options.verify_certificates ? asio::ssl::verify_peer : asio::ssl::verify_none);
  return tls;
}

}  // namespace

struct Client::State : std::enable_shared_from_this<Client::State> {
  State(Loop& l, std::shared_ptr<const OutgoingGuard> g, const Options& options)
      : loop(l),
        guard(std::move(g)),
        tls(make_tls(options)),
        resolver(l),
        pool(std::make_shared<ClientPool>(l, options)) {}

  Task<Result<std::unique_ptr<ClientConnection>>> connect(Url url, Deadline deadline);
  Task<Result<ClientResponse>> send_once(std::shared_ptr<const ClientRequest> request, Url url, Deadline deadline);
  Task<Result<ClientResponse>> send(ClientRequest request);

  Loop& loop;
  std::shared_ptr<const OutgoingGuard> guard;
  asio::ssl::context tls;
  Resolver resolver;
  std::shared_ptr<ClientPool> pool;
};

Task<Result<std::unique_ptr<ClientConnection>>> Client::State::connect(Url url, Deadline deadline) {
  auto endpoints = co_await resolver.resolve(url.host, url.port, guard, deadline);
  if (!endpoints) co_return fail(endpoints.error());
  ConnectTarget target;
  target.endpoints = std::move(*endpoints);
  target.host = url.host;
  target.tls = url.scheme == "https" ? &tls : nullptr;
  auto connection = co_await open_connection(loop, std::move(target), deadline);
  co_return connection;
}

Task<Result<ClientResponse>> Client::State::send_once(std::shared_ptr<const ClientRequest> request, Url url,
                                                      Deadline deadline) {
  const auto wire = write_request(*request, url);
  const bool head_only = request->method == "HEAD";
  auto lease = co_await pool->acquire(url.scheme + "://" + url.authority(), deadline);
  if (!lease) co_return fail(lease.error());
  const bool kept = lease->connection != nullptr;
  for (bool again = false;; again = true) {
    if (!lease->connection) {
      auto opened = co_await connect(url, deadline);
      if (!opened) co_return fail(opened.error());
      lease->connection = std::move(*opened);
    }
    auto exchange = co_await lease->connection->exchange(wire, head_only, request->response_bytes, deadline);
    if (!exchange.keep) lease->connection.reset();
    const bool harmless = is_idempotent(request->method) || exchange.written == 0;
    if (!kept || again || !exchange.unanswered || !harmless) co_return std::move(exchange.response);
  }
}

Task<Result<ClientResponse>> Client::State::send(ClientRequest request) {
  const auto self = shared_from_this();  // the client may go while this runs
  const auto deadline = std::chrono::steady_clock::now() + request.timeout;
  auto checked = check(request);
  if (!checked) co_return fail(checked.error());
  auto url = Url::parse(request.url);
  if (!url) co_return fail(url.error());
  auto current = std::make_shared<ClientRequest>(std::move(request));
  for (int left = current->redirects;; --left) {
    if (url->scheme != "http" && url->scheme != "https") {
      co_return fail(ErrorCode::bad_request, "Unsupported protocol", "url");
    }
    auto response = co_await send_once(current, *url, deadline);
    if (!response || current->redirects == 0 || !is_redirect(response->status)) co_return response;
    if (!response->headers.has("Location")) co_return response;
    if (left == 0) co_return fail(ErrorCode::bad_gateway, "Number of redirects hit maximum amount");
    auto next = url->resolve(response->headers.get("Location"));
    if (!next) co_return fail(ErrorCode::bad_gateway, next.error().message);
    follow(*current, response->status, *url, *next);
    url = std::move(next);
  }
}

Client::Client(Loop& loop, std::shared_ptr<const OutgoingGuard> guard, Options options)
    : state_(std::make_shared<State>(loop, std::move(guard), options)) {}

Client::~Client() {
  state_->pool->stop();
  state_->resolver.stop();
}

Task<Result<ClientResponse>> Client::send(ClientRequest request) {
  return state_->send(std::move(request));
}

}  // namespace machi::net

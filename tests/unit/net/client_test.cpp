#include <gtest/gtest.h>

#include <boost/asio/ssl.hpp>
#include <future>

#include "net/client.h"
#include "net/scripted_server.h"
#include "net/tls_identity.h"

namespace machi::net {
namespace {

using namespace std::chrono_literals;
using testing::DeadPort;
using testing::ScriptedServer;
using Socket = ScriptedServer::Socket;

class ClientTest : public ::testing::Test {
 protected:
  Client make(Client::Options options = {}, const std::vector<std::string>& allow = {"127.0.0.1", "::1"}) {
    return Client(loop_, std::make_shared<const OutgoingGuard>(*OutgoingGuard::from(allow)), options);
  }
  Result<ClientResponse> send(Client& client, ClientRequest request) {
    return testing::run(loop_, client.send(std::move(request)));
  }
  static ClientRequest get(std::string url) {
    ClientRequest request;
    request.url = std::move(url);
    return request;
  }
  static ClientRequest post(std::string url, std::string body) {
    ClientRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.body = std::move(body);
    return request;
  }
  static std::string words(const Result<ClientResponse>& result) {
    return result ? "no error" : result.error().message;
  }

  Loop loop_;
};

/// Answers every request of every connection with `body`.
ScriptedServer::Script always(std::string body) {
  return [body](int, Socket& socket) {
    while (!ScriptedServer::read_request(socket).empty()) ScriptedServer::answer(socket, body);
  };
}

TEST_F(ClientTest, SendsFieldsInTheCallersOrderAndFramesItself) {
  std::string seen;
  ScriptedServer server([&](int, Socket& socket) {
    seen = ScriptedServer::read_request(socket);
    ScriptedServer::answer(socket, "ok", "X-Answer: yes\r\n");
  });
  auto client = make();
  auto request = post(server.url("/path?q=1"), "hello");
  request.headers.add("Zeta", "1");
  request.headers.add("Content-Length", "999");
  request.headers.add("Alpha", "2");
  request.headers.add("Transfer-Encoding", "chunked");
  const auto response = send(client, request);
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(response->headers.get("x-answer"), "yes");
  EXPECT_EQ(seen, "POST /path?q=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\nZeta: 1\r\nAlpha: 2\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(ClientTest, KeptConnectionIsUsedAgain) {
  ScriptedServer server(always("ok"));
  auto client = make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(client, get(server.url())));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, ConnectionCloseIsHonoured) {
  ScriptedServer server([](int, Socket& socket) {
    while (!ScriptedServer::read_request(socket).empty()) ScriptedServer::answer(socket, "x", "Connection: close\r\n");
  });
  auto client = make();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(send(client, get(server.url())));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTest, ReadsChunkedAnswersAndInterimOnes) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    ScriptedServer::write(socket, "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmach\r\n");
    ScriptedServer::write(socket, "1;x=y\r\ni\r\n0\r\n\r\n");
  });
  auto client = make();
  const auto response = send(client, get(server.url()));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "machi");
}

TEST_F(ClientTest, BodyWithoutLengthEndsWithTheConnection) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.0 200 OK\r\n\r\nold server");
  });
  auto client = make();
  const auto response = send(client, get(server.url()));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "old server");
}

TEST_F(ClientTest, HeadHasNoBodyAndKeepsTheConnection) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto client = make();
  auto request = get(server.url());
  request.method = "HEAD";
  const auto response = send(client, request);
  ASSERT_TRUE(response) << words(response);
  EXPECT_TRUE(response->body.empty());
  ASSERT_TRUE(send(client, get(server.url())));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, NothingListens) {
  const DeadPort port;
  auto client = make();
  const auto response = send(client, get("http://127.0.0.1:" + std::to_string(port.number()) + "/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::bad_gateway);
  EXPECT_EQ(words(response), "Could not connect to server");
}

TEST_F(ClientTest, UnknownName) {
  auto client = make();
  const auto response = send(client, get("http://no-such-host.invalid/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::bad_gateway);
  EXPECT_EQ(words(response), "Could not resolve hostname");
}

TEST_F(ClientTest, NameIsResolved) {
  ScriptedServer server(always("by name"));
  auto client = make();
  const auto response = send(client, get("http://localhost:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "by name");
}

TEST_F(ClientTest, SilentServerTimesOut) {
  ScriptedServer server([](int, Socket& socket) { ScriptedServer::wait_for_close(socket); });
  auto client = make();
  auto request = get(server.url());
  request.timeout = 50ms;
  const auto response = send(client, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::timeout);
  EXPECT_EQ(words(response), "Timeout was reached");
}

TEST_F(ClientTest, TimeoutCountsForTheWholeExchange) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    ScriptedServer::wait_for_close(socket);
  });
  auto client = make();
  auto request = get(server.url());
  request.timeout = 50ms;
  EXPECT_EQ(words(send(client, request)), "Timeout was reached");
}

TEST_F(ClientTest, ResetInTheMiddleOfAnAnswer) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    ScriptedServer::reset(socket);
  });
  auto client = make();
  const auto response = send(client, get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::bad_gateway);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, AnswerThatEndsEarly) {
  ScriptedServer server([](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  });
  auto client = make();
  EXPECT_EQ(words(send(client, get(server.url()))), "Transferred a partial file");
}

TEST_F(ClientTest, AnswerThatIsNotHttp) {
  ScriptedServer server([](int, Socket& socket) { ScriptedServer::write(socket, "SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  auto client = make();
  const auto response = send(client, get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(words(response), "Weird server reply");
}

TEST_F(ClientTest, NoAnswerAtAll) {
  ScriptedServer server([](int, Socket& socket) { ScriptedServer::read_request(socket); });
  auto client = make();
  EXPECT_EQ(words(send(client, get(server.url()))), "Server returned nothing (no headers, no data)");
  EXPECT_EQ(server.connections(), 1) << "a new connection's failure is not retried";
}

TEST_F(ClientTest, TooLargeAnswer) {
  ScriptedServer server(always(std::string(2000, 'x')));
  auto client = make();
  auto request = get(server.url());
  request.response_bytes = 1000;
  const auto response = send(client, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::payload_too_large);
}

/// Connection 0 answers once and closes when the second request has arrived; others answer.
void close_on_second_request(int connection, Socket& socket) {
  ScriptedServer::read_request(socket);
  ScriptedServer::answer(socket, "connection " + std::to_string(connection));
  ScriptedServer::read_request(socket);
}

TEST_F(ClientTest, IdempotentRequestOnAClosedKeptConnectionIsSentAgain) {
  ScriptedServer server(close_on_second_request);
  auto client = make();
  ASSERT_TRUE(send(client, get(server.url())));
  const auto response = send(client, get(server.url()));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "connection 1");
}

TEST_F(ClientTest, PostThatAKeptConnectionTookIsNotSentAgain) {
  ScriptedServer server(close_on_second_request);
  auto client = make();
  ASSERT_TRUE(send(client, get(server.url())));
  EXPECT_EQ(words(send(client, post(server.url(), "x"))), "Server returned nothing (no headers, no data)");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, PostAfterTheServerClosedTheIdleConnectionTakesANewOne) {
  std::promise<void> closed;
  ScriptedServer server([&](int connection, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::answer(socket, "connection " + std::to_string(connection));
    if (connection > 0) return;
    socket.shutdown(asio::socket_base::shutdown_both);
    closed.set_value();
  });
  auto client = make();
  ASSERT_TRUE(send(client, get(server.url())));
  ASSERT_EQ(closed.get_future().wait_for(10s), std::future_status::ready);
  const auto response = send(client, post(server.url(), "x"));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "connection 1");
}

TEST_F(ClientTest, RequestsBeyondTheLimitWaitForAConnection) {
  ScriptedServer server(always("ok"));
  Client::Options options;
  options.connections_per_host = 2;
  auto client = make(options);
  int good = 0;
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(loop_, client.send(get(server.url())),
                   [&](const std::exception_ptr&, Result<ClientResponse> result) {
                     good += result ? 1 : 0;
                     ++done;
                   });
  }
  while (done < 20) loop_.run_one();
  EXPECT_EQ(good, 20);
  EXPECT_LE(server.connections(), 2);
}

TEST_F(ClientTest, WaitingIsBoundedInNumberAndTime) {
  ScriptedServer server([](int, Socket& socket) { ScriptedServer::wait_for_close(socket); });
  Client::Options options;
  options.connections_per_host = 1;
  options.waiting_per_host = 1;
  auto client = make(options);
  std::vector<ErrorCode> codes;
  for (int i = 0; i < 3; ++i) {
    auto request = get(server.url());
    request.timeout = i == 0 ? 200ms : 50ms;
    asio::co_spawn(loop_, client.send(request), [&](const std::exception_ptr&, Result<ClientResponse> result) {
      codes.push_back(result ? ErrorCode::internal : result.error().code);
    });
  }
  while (codes.size() < 3) loop_.run_one();
  EXPECT_EQ(codes, (std::vector{ErrorCode::busy, ErrorCode::timeout, ErrorCode::timeout}));
  EXPECT_EQ(server.connections(), 1);
}

class ForbiddenTarget : public ClientTest, public ::testing::WithParamInterface<const char*> {};
TEST_P(ForbiddenTarget, IsRefusedBeforeItIsReached) {
  ScriptedServer server(always("secret"));
  auto client = make({}, {});
  const auto response = send(client, get("http://" + std::string(GetParam()) + ":" + std::to_string(server.port())));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::forbidden) << words(response);
  EXPECT_EQ(server.connections(), 0);
}
INSTANTIATE_TEST_SUITE_P(Client, ForbiddenTarget,
                         ::testing::Values("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433",
                                           "0177.0.0.1", "0x7f.1", "127.1", "0", "0.0.0.0", "[::]"));

TEST_F(ClientTest, MappedAddressIsReachedWhenItsIpv4AddressIsAllowed) {
  ScriptedServer server(always("mapped"));
  auto client = make();
  const auto response = send(client, get("http://[::ffff:127.0.0.1]:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "mapped");
}

/// Redirects with `status` to `to`, keeping what it was asked.
ScriptedServer::Script redirect(int status, std::string to) {
  return [status, to](int, Socket& socket) {
    ScriptedServer::read_request(socket);
    ScriptedServer::write(socket, "HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + to +
                                      "\r\nContent-Length: 0\r\n\r\n");
  };
}

TEST_F(ClientTest, RedirectIsAnAnswerUnlessFollowingIsAsked) {
  ScriptedServer server(redirect(302, "/there"));
  auto client = make();
  const auto response = send(client, get(server.url()));
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->status, 302);
}

TEST_F(ClientTest, RedirectToAForbiddenAddressIsRefused) {
  ScriptedServer secret(always("secret"), "127.0.0.2");
  ScriptedServer server(redirect(307, "http://127.0.0.2:" + std::to_string(secret.port()) + "/"));
  auto client = make();
  auto request = get(server.url());
  request.redirects = 3;
  const auto response = send(client, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::forbidden);
  EXPECT_EQ(secret.connections(), 0);
}

TEST_F(ClientTest, RedirectElsewhereCarriesNoCredentials) {
  std::string seen;
  ScriptedServer target([&](int, Socket& socket) {
    seen = ScriptedServer::read_request(socket);
    ScriptedServer::answer(socket, "there");
  });
  ScriptedServer server(redirect(303, target.url("/there")));
  auto client = make();
  auto request = post(server.url(), "body");
  request.redirects = 1;
  request.headers.add("Authorization", "Bearer secret");
  request.headers.add("X-Kept", "1");
  const auto response = send(client, request);
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "there");
  EXPECT_TRUE(seen.starts_with("GET /there HTTP/1.1\r\n")) << seen;
  EXPECT_EQ(seen.find("Authorization"), std::string::npos);
  EXPECT_NE(seen.find("X-Kept: 1"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n"));
}

TEST_F(ClientTest, TemporaryRedirectKeepsMethodAndBody) {
  std::string seen;
  ScriptedServer target([&](int, Socket& socket) {
    seen = ScriptedServer::read_request(socket);
    ScriptedServer::answer(socket, "there");
  });
  ScriptedServer server(redirect(307, target.url("/there")));
  auto client = make();
  auto request = post(server.url(), "body");
  request.redirects = 1;
  ASSERT_TRUE(send(client, request));
  EXPECT_TRUE(seen.starts_with("POST /there ")) << seen;
  EXPECT_TRUE(seen.ends_with("\r\n\r\nbody"));
}

TEST_F(ClientTest, RedirectsEnd) {
  ScriptedServer server(redirect(302, "/again"));
  auto client = make();
  auto request = get(server.url());
  request.redirects = 2;
  EXPECT_EQ(words(send(client, request)), "Number of redirects hit maximum amount");
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(ClientTest, HeaderInjectionIsRefused) {
  ScriptedServer server(always("ok"));
  auto client = make();
  auto request = get(server.url());
  request.headers.add("X-A", "b\r\nX-Evil: 1");
  EXPECT_EQ(send(client, request).error().code, ErrorCode::bad_request);
  auto name = get(server.url());
  name.headers.add("X A", "b");
  EXPECT_EQ(send(client, name).error().code, ErrorCode::bad_request);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTest, OtherSchemesAreNotForHttp) {
  auto client = make();
  EXPECT_EQ(send(client, get("mqtt://127.0.0.1/")).error().code, ErrorCode::bad_request);
}

/// Answers one request over TLS with the identity's certificate.
ScriptedServer::Script over_tls(const testing::TlsIdentity& identity) {
  return [&identity](int, Socket& socket) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.use_certificate_chain_file(identity.certificate_file());
    context.use_private_key_file(identity.key_file(), asio::ssl::context::pem);
    asio::ssl::stream<Socket&> stream(socket, context);
    boost::system::error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    std::string text;
    while (!error) {
      const auto head = asio::read_until(stream, asio::dynamic_buffer(text), "\r\n\r\n", error);
      if (error) return;
      text.erase(0, head);
      const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe";
      asio::write(stream, asio::buffer(answer), error);
    }
  };
}

class ClientTlsTest : public ClientTest {
 protected:
  Result<ClientResponse> ask(const std::string& host, Client::Options options) {
    auto client = make(std::move(options));
    for (int i = 0; i < 2; ++i) {  // the second time on the kept connection
      auto response = send(client, get("https://" + host + ":" + std::to_string(server_.port()) + "/"));
      if (!response || i == 1) return response;
    }
    return fail(ErrorCode::internal, "not reached");
  }
  Client::Options trusting() const {
    Client::Options options;
    options.authorities_file = identity_.certificate_file();
    return options;
  }

  testing::TlsIdentity identity_{"localhost"};
  ScriptedServer server_{over_tls(identity_)};
};

TEST_F(ClientTlsTest, CertificateOfATrustedAuthorityWithTheRightName) {
  const auto response = ask("localhost", trusting());
  ASSERT_TRUE(response) << words(response);
  EXPECT_EQ(response->body, "safe");
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(ClientTlsTest, OtherNameIsRefused) {
  EXPECT_EQ(words(ask("127.0.0.1", trusting())), "SSL peer certificate or SSH remote key was not OK");
}

TEST_F(ClientTlsTest, UnknownAuthorityIsRefused) {
  EXPECT_EQ(words(ask("localhost", {})), "SSL peer certificate or SSH remote key was not OK");
}

TEST_F(ClientTlsTest, VerificationCanBeSwitchedOff) {
  Client::Options options;
  options.verify_certificates = false;
  EXPECT_TRUE(ask("127.0.0.1", options));
}

TEST_F(ClientTest, TlsToAPlainServer) {
  ScriptedServer server([](int, Socket& socket) { ScriptedServer::write(socket, "220 mail.example ESMTP\r\n"); });
  auto client = make();
  EXPECT_EQ(words(send(client, get("https://127.0.0.1:" + std::to_string(server.port()) + "/"))), "SSL connect error");
}

TEST_F(ClientTest, RequestUnderWayOutlivesItsClient) {
  ScriptedServer server(always("ok"));
  auto guard = std::make_shared<const OutgoingGuard>(*OutgoingGuard::from({"127.0.0.1"}));
  auto client = std::make_unique<Client>(loop_, std::move(guard), Client::Options{});
  std::optional<Result<ClientResponse>> result;
  asio::co_spawn(loop_, client->send(get(server.url())),
                 [&](const std::exception_ptr&, Result<ClientResponse> r) { result = std::move(r); });
  loop_.run_one();
  client.reset();
  while (!result) loop_.run_one();
  EXPECT_TRUE(*result);
}

}  // namespace
}  // namespace machi::net

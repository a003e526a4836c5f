#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "net/test_certificate.h"
#include "net/test_server.h"

namespace machi::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Task<Response> answer_security(const Request& request) {
  std::string body = request.secure ? "secure" : "plain";
  co_return Response::json(200, std::move(body));
}

Task<Response> answer_large() {
  co_return Response::json(200, std::string(2'000'000, 'l'));
}

std::vector<RouteGroup> groups() {
  RouteGroup group{"/", problem_details, {}};
  group.routes.push_back(open_route(Method::get, "/", [](Request& r) { return answer_security(r); }));
  group.routes.push_back(open_route(Method::get, "/large", [](Request&) { return answer_large(); }));
  std::vector<RouteGroup> out;
  out.push_back(std::move(group));
  return out;
}

/// A TLS client over a RawClient's socket; its waits end with the socket's receive time limit.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int most = TLS1_3_VERSION)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    const timeval limit{.tv_sec = kTestDeadline.count(), .tv_usec = 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), most);
    SSL_CTX_set_security_level(context_.get(), 0);  // offers even what the server must refuse
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    static constexpr unsigned char kOffer[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(ssl_.get(), kOffer, sizeof kOffer - 1);
    is_open_ = SSL_connect(ssl_.get()) == 1;
  }

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  [[nodiscard]] std::string certificate_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }
  std::string ask(std::string_view request, std::string_view end) {
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string got;
    char buffer[16384];
    while (!got.ends_with(end)) {
      const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (count <= 0) break;
      got.append(buffer, static_cast<std::size_t>(count));
    }
    return got;
  }
  /// Whether the server said goodbye (close_notify), so that nobody can cut an answer short unseen.
  bool ends_properly() {
    char byte = 0;
    return SSL_read(ssl_.get(), &byte, 1) <= 0 && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  RawClient socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool is_open_ = false;
};

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class TlsTest : public testing::Test {
 protected:
  TlsTest() : files_(write_certificate(folder_.path(), "first")), server_(groups(), options()) {}
  ServerOptions options() {
    ServerOptions out;
    out.tls = files_;
    return out;
  }
  TemporaryFolder folder_;
  TlsFiles files_;
  TestServer server_;
};

TEST_F(TlsTest, SpeaksTls13And12AndTellsHandlersSo) {
  TlsClient modern(server_.port());
  ASSERT_TRUE(modern.is_open());
  EXPECT_EQ(modern.version(), "TLSv1.3");
  EXPECT_EQ(modern.protocol(), "http/1.1");
  EXPECT_THAT(modern.ask(kRequest, "secure"), StartsWith("HTTP/1.1 200 OK"));
  TlsClient older(server_.port(), TLS1_2_VERSION);
  ASSERT_TRUE(older.is_open());
  EXPECT_EQ(older.version(), "TLSv1.2");
  EXPECT_THAT(older.ask(kRequest, "secure"), EndsWith("secure"));
}

TEST_F(TlsTest, RefusesOlderVersions) {
  EXPECT_FALSE(TlsClient(server_.port(), TLS1_1_VERSION).is_open());
}

TEST_F(TlsTest, LargeAnswersAndPipelinesPass) {
  TlsClient client(server_.port());
  const std::string two = "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string got = client.ask(two, "secure");
  EXPECT_THAT(got, HasSubstr("Content-Length: 2000000\r\n"));
  EXPECT_GT(got.size(), 2'000'000u);
}

TEST_F(TlsTest, SaysGoodbyeAfterTheLastAnswer) {
  TlsClient client(server_.port());
  EXPECT_THAT(client.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "secure"), EndsWith("secure"));
  EXPECT_TRUE(client.ends_properly());
}

TEST_F(TlsTest, PlainBytesOnATlsPortAreCut) {
  RawClient client(server_.port());
  client.send(kRequest);
  EXPECT_THAT(client.receive_all(), testing::Not(HasSubstr("HTTP/1.1 200")));
}

TEST_F(TlsTest, NewConnectionsUseReloadedCertificates) {
  TlsClient before(server_.port());
  EXPECT_EQ(before.certificate_name(), "first");
  write_certificate(folder_.path(), "second");
  ASSERT_TRUE(server_.server().reload_certificates());
  EXPECT_EQ(TlsClient(server_.port()).certificate_name(), "second");
  EXPECT_THAT(before.ask(kRequest, "secure"), EndsWith("secure"));
}

TEST_F(TlsTest, ABrokenReloadKeepsTheOldCertificates) {
  std::ofstream(files_.certificate) << "nonsense";
  const auto reloaded = server_.server().reload_certificates();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, ErrorCode::bad_request);
  EXPECT_EQ(TlsClient(server_.port()).certificate_name(), "first");
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsRefused) {
  const TemporaryFolder other;
  const TlsFiles others = write_certificate(other.path(), "other");
  const auto loaded = TlsServerContext::load({files_.certificate, others.key});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().field, "tls.key");
}

}  // namespace
}  // namespace machi::net

#include "net/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/redirect_error.hpp>

#include "net/loop_server.h"
#include "net/test_server.h"

namespace machi::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Task<Response> answer(std::string body) {
  co_return Response::json(200, std::move(body));
}

Task<Response> answer_status(int status) {
  co_return Response::empty(status);
}

/// Opened by the test, on the loop.
struct Door {
  explicit Door(Loop& loop) : timer(loop, Timer::time_point::max()) {}
  Timer timer;
};

Task<Response> answer_when_open(std::shared_ptr<Door> door, std::string body) {
  boost::system::error_code ec;
  co_await door->timer.async_wait(asio::redirect_error(kUseTask, ec));
  co_return Response::json(200, std::move(body));
}

Task<Result<std::string>> next_piece(std::shared_ptr<int> left) {
  if (*left == 0) co_return std::string{};
  --*left;
  co_return std::string(1000, 'x');
}

Task<Result<std::string>> broken_piece(std::shared_ptr<int> left) {
  if (*left == 0) co_return fail(ErrorCode::internal, "broken");
  --*left;
  co_return std::string("part");
}

Task<Response> streamed(int pieces, bool breaks) {
  Response response = Response::json(200, {});
  auto left = std::make_shared<int>(pieces);
  response.stream = [left, breaks] { return breaks ? broken_piece(left) : next_piece(left); };
  co_return response;
}

class ServerTest : public testing::Test {
 protected:
  TestServer& serve(ServerOptions options = {}) {
    RouteGroup group{"/", problem_details, {}};
    auto& routes = group.routes;
    routes.push_back(open_route(Method::get, "/hello", [](Request&) { return answer("hello"); }));
    routes.push_back(open_route(
        Method::get, "/who", [](Request& r) { return answer(r.client_address + (r.secure ? " secure" : " plain")); }));
    routes.push_back(open_route(Method::post, "/echo", [](Request& r) { return answer(r.body); }));
    routes.push_back(open_route(Method::post, "/created", [](Request&) { return answer_status(201); }));
    routes.push_back(open_route(Method::delete_, "/gone", [](Request&) { return answer_status(204); }));
    routes.push_back(open_route(Method::get, "/large", [](Request&) { return answer(std::string(3'000'000, 'l')); }));
    routes.push_back(open_route(Method::get, "/stream", [](Request&) { return streamed(3000, false); }));
    routes.push_back(open_route(Method::get, "/broken", [](Request&) { return streamed(2, true); }));
    routes.push_back(open_route(Method::get, "/injects", [](Request&) { return injected(); }));
    routes.push_back(open_route(Method::get, "/slow", [this](Request&) { return slow("slow"); }));
    routes.push_back(open_route(Method::post, "/slow", [this](Request&) { return slow("slow post"); }));
    routes.push_back(open_route(Method::get, "/count", [this](Request&) { return answer(std::to_string(++count_)); }));
    std::vector<RouteGroup> groups;
    groups.push_back(std::move(group));
    server_.emplace(std::move(groups), std::move(options));
    return *server_;
  }

  static Task<Response> injected() {
    Response response = Response::json(200, "{}");
    response.headers.add("X-Given", "a\r\nSet-Cookie: b");
    co_return response;
  }

  Task<Response> slow(std::string body) {
    auto door = std::make_shared<Door>(server_->loop());
    doors_.push_back(door);
    ++waiting_;
    waiting_.notify_all();
    return answer_when_open(std::move(door), std::move(body));
  }

  /// Waits until so many slow requests have begun.
  void wait_for_slow(int count) {
    for (int seen = waiting_; seen < count; seen = waiting_) waiting_.wait(seen);
  }
  void open_doors() {
    asio::post(server_->loop(), [this] {
      for (const auto& door : doors_) door->timer.cancel();
      doors_.clear();
    });
  }

  std::optional<TestServer> server_;          // its loop must outlive the doors
  std::vector<std::shared_ptr<Door>> doors_;  // touched on the loop only
  std::atomic<int> waiting_{0};
  std::atomic<int> count_{0};
};

TEST_F(ServerTest, AnswersInTheOrderOfHeadersThatClientsKnow) {
  RawClient client(serve().port());
  const std::string got = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nFiware-Correlator: c1\r\n\r\n", "hello");
  EXPECT_THAT(got, testing::MatchesRegex("HTTP/1.1 200 OK\r\nDate: [^\r]* GMT\r\nFiware-Correlator: c1\r\n"
                                         "Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"));
}

TEST_F(ServerTest, KeepsTheConnectionAndCountsBodies) {
  RawClient client(serve().port());
  EXPECT_THAT(client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc"),
              HasSubstr(" 200 OK"));
  EXPECT_THAT(
      client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n", "xy"),
      HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(client.ask("POST /created HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 201 Created\r\n"), HasSubstr("Content-Length: 0\r\n")));
  EXPECT_THAT(client.ask("DELETE /gone HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 204 No Content\r\n"), Not(HasSubstr("Content-Length"))));
  EXPECT_THAT(client.ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n"), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "hello"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, LargeBodiesPassBothWays) {
  ServerOptions options;
  options.limits.body_bytes = 4 * 1024 * 1024;
  RawClient client(serve(options).port());
  const std::string body(3'000'000, 'b');
  std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + body;
  // The answer is the request's size: it is taken while the rest is still sent.
  std::thread sender([&] { client.send(request); });
  const std::string got = client.receive([](std::string_view s) { return s.size() > 3'000'000; });
  sender.join();
  EXPECT_THAT(got, EndsWith(body));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(serve().port());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(i) + ";";
    requests += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  requests += "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string got = client.ask(requests, "hello");
  std::size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at = got.find("\r\n\r\n" + std::to_string(i) + ";", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(ServerTest, SafePipelinedRequestsRunTogetherAndAnswerInOrder) {
  RawClient client(serve().port());
  client.send(
      "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for_slow(2);
  open_doors();
  const std::string got = client.receive_until("hello");
  EXPECT_THAT(got, HasSubstr("slow"));
  EXPECT_LT(got.find("slow"), got.find("hello"));
}

TEST_F(ServerTest, AnUnsafeRequestHoldsBackThoseBehindIt) {
  RawClient client(serve().port());
  client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /count HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for_slow(1);
  // Were the two side by side, the second handler would have run by the time this other connection is answered.
  RawClient other(server_->port());
  EXPECT_THAT(other.ask("GET /count HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n1"), HasSubstr("200 OK"));
  open_doors();
  EXPECT_THAT(client.receive_until("\r\n\r\n2"), HasSubstr("slow post"));
}

TEST_F(ServerTest, RefusalsAreRenderedAndCloseTheConnection) {
  RawClient client(serve().port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost : a\r\n\r\n");
  const std::string got = client.receive_all();
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(got, HasSubstr("HTTP/1.1 400 Bad Request"));
  EXPECT_THAT(got, HasSubstr("application/problem+json"));
  EXPECT_THAT(got, HasSubstr("Fiware-Correlator: "));
  EXPECT_THAT(got, HasSubstr("Connection: close"));
}

TEST_F(ServerTest, TooLargeABodyIsRefusedBeforeItIsSent) {
  ServerOptions options;
  options.limits.body_bytes = 10;
  RawClient client(serve(options).port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  const std::string got = client.receive_until("}");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 413 Content Too Large"));
}

TEST_F(ServerTest, ContinueIsSentOnlyWhenTheBodyIsAwaited) {
  RawClient client(serve().port());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(client.ask(head, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.ask("abc", "abc"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(client.ask(head + "xyz", "xyz"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ServerTest, AHeadThatDoesNotEndIsAnswered408) {
  ServerOptions options;
  options.limits.header_time = std::chrono::seconds(1);
  RawClient client(serve(options).port());
  client.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 408 Request Timeout"));
}

TEST_F(ServerTest, ABodyThatDoesNotEndIsAnswered408) {
  ServerOptions options;
  options.limits.body_time = std::chrono::seconds(1);
  RawClient client(serve(options).port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 408 Request Timeout"));
}

TEST_F(ServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.limits.idle_time = std::chrono::seconds(1);
  RawClient client(serve(options).port());
  EXPECT_THAT(client.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello"), HasSubstr("200 OK"));
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, AClientThatReadsNothingIsCut) {
  ServerOptions options;
  options.limits.write_time = std::chrono::seconds(1);
  RawClient client(serve(options).port());
  std::string many;
  for (int i = 0; i < 20; ++i) many += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(many);
  pollfd wait{client.fd(), 0, 0};  // POLLHUP and POLLERR are always reported
  EXPECT_EQ(::poll(&wait, 1, 10'000), 1);
}

TEST_F(ServerTest, BeyondItsConnectionsItSays503) {
  ServerOptions options;
  options.limits.connections = 1;
  RawClient first(serve(options).port());
  EXPECT_THAT(first.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello"), HasSubstr("200 OK"));
  RawClient second(server_->port());
  EXPECT_THAT(second.receive_all(), StartsWith("HTTP/1.1 503 Service Unavailable"));
}

TEST_F(ServerTest, StreamsLeaveInChunks) {
  RawClient client(serve().port());
  const std::string got = client.ask("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "0\r\n\r\n");
  EXPECT_THAT(got, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(got, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(std::count(got.begin(), got.end(), 'x'), 3'000'000);
  EXPECT_THAT(client.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, StreamsToHttp10EndWithTheConnection) {
  RawClient client(serve().port());
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string got = client.receive_all();
  EXPECT_THAT(got, Not(HasSubstr("chunked")));
  EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(got, EndsWith(std::string(1000, 'x')));
}

TEST_F(ServerTest, AStreamThatFailsIsSeenToBeCut) {
  RawClient client(serve().port());
  client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.receive_all(), EndsWith("4\r\npart\r\n4\r\npart\r\n"));
}

TEST_F(ServerTest, ValuesOfHandlersCannotSplitAnAnswer) {
  RawClient client(serve().port());
  EXPECT_THAT(client.ask("GET /injects HTTP/1.1\r\nHost: a\r\n\r\n", "{}"), HasSubstr("X-Given: a  Set-Cookie: b\r\n"));
}

TEST_F(ServerTest, ProxiesAreBelievedOnlyWhenTrusted) {
  const std::string request =
      "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3\r\n"
      "X-Forwarded-Proto: https\r\n\r\n";
  RawClient plain(serve().port());
  EXPECT_THAT(plain.ask(request, "plain"), EndsWith("127.0.0.1 plain"));
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.1", "10.0.0.0/8"};
  RawClient trusted(serve(options).port());
  EXPECT_THAT(trusted.ask(request, "secure"), EndsWith("203.0.113.7 secure"));
}

TEST_F(ServerTest, StopLetsRequestsUnderWayFinish) {
  RawClient busy(serve().port());
  RawClient idle(server_->port());
  EXPECT_THAT(idle.ask("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello"), HasSubstr("200 OK"));
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for_slow(1);
  std::thread stopping([this] { server_->stop(std::chrono::seconds(10)); });
  EXPECT_EQ(idle.receive_all(), "");  // the idle one is closed first
  open_doors();
  const std::string got = busy.receive_all();
  EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(got, EndsWith("slow"));
  stopping.join();
  EXPECT_FALSE(RawClient(server_->port()).is_open());
}

TEST_F(ServerTest, StopClosesWhatIsLeftAfterItsPatience) {
  RawClient busy(serve().port());
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for_slow(1);
  server_->stop(std::chrono::milliseconds(50));
  EXPECT_EQ(busy.receive_all(), "");
}

TEST_F(ServerTest, APortInUseAndANonsenseAddressAreTold) {
  Loop loop(1);
  auto router = std::make_shared<const Router>(std::vector<RouteGroup>{}, Gate{}, Observer{});
  ServerOptions options;
  options.port = serve().port();
  const auto taken = Server::bind({&loop}, options, router);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::conflict);
  options.address = "nowhere";
  const auto nonsense = Server::bind({&loop}, options, router);
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(nonsense.error().code, ErrorCode::bad_request);
  options = {};
  options.trusted_proxies = {"10.0.0.0/99"};
  EXPECT_FALSE(Server::bind({&loop}, options, router));
}

}  // namespace
}  // namespace machi::net

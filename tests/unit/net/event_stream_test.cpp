#include "net/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/run_task.h"
#include "net/test_server.h"

namespace machi::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST(EventStream, EventsAreFormattedLineByLine) {
  EXPECT_EQ(format_event({"7", "change", R"({"a":1})"}), "id: 7\nevent: change\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(format_event({"", "", "a\nb\r\nc\rd"}), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(format_event({"", "", ""}), "data: \n\n");
  EXPECT_EQ(format_event({"1\nevent: evil", "x\r\ndata: evil", "y"}), "id: 1\nevent: x\ndata: y\n\n");
}

/// Reads the stream to its end, at most `pieces` pieces.
Task<std::string> read_stream(BodyStream stream, int pieces) {
  std::string out;
  for (int i = 0; i < pieces; ++i) {
    auto piece = co_await stream();
    if (!piece || piece->empty()) break;
    out += *piece;
  }
  co_return out;
}

class EventQueueTest : public testing::Test {
 protected:
  std::string read(BodyStream stream, int pieces) {
    std::string out;
    asio::co_spawn(loop_, read_stream(std::move(stream), pieces),
                   [&](std::exception_ptr, std::string text) { out = std::move(text); });
    loop_.run();
    loop_.restart();
    return out;
  }
  Loop loop_{kOneThread};
};

TEST_F(EventQueueTest, EventsThatWaitLeaveTogetherAndInOrder) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{});
  const Response response = event_stream(queue);
  EXPECT_EQ(response.headers.get("Content-Type"), "text/event-stream");
  EXPECT_TRUE(queue->publish({"1", "", "a"}));
  EXPECT_TRUE(queue->publish({"2", "", "b"}));
  EXPECT_EQ(read(response.stream, 1), "retry: 3000\n\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n");
}

TEST_F(EventQueueTest, SilenceIsBrokenByHeartbeats) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{.heartbeat = std::chrono::milliseconds(1)});
  EXPECT_EQ(read(event_stream(queue).stream, 3), "retry: 3000\n\n:\n\n:\n\n");
}

TEST_F(EventQueueTest, AnEventWakesTheStream) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{.heartbeat = std::chrono::hours(1)});
  const Response response = event_stream(queue);
  read(response.stream, 1);
  asio::post(loop_, [&] { queue->publish({"", "", "late"}); });
  EXPECT_EQ(read(response.stream, 1), "data: late\n\n");
}

TEST_F(EventQueueTest, WhoFallsBehindIsToldAndDropped) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{.bytes = 100});
  const Response response = event_stream(queue);
  EXPECT_TRUE(queue->publish({"1", "", std::string(40, 'a')}));
  EXPECT_FALSE(queue->publish({"2", "", std::string(40, 'b')}));
  EXPECT_TRUE(queue->is_closed());
  EXPECT_FALSE(queue->publish({"3", "", "c"}));
  EXPECT_EQ(read(response.stream, 10), "event: overflow\ndata: the client did not keep up\n\n");
}

TEST_F(EventQueueTest, ClosingSendsWhatWaitsAndEnds) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{.heartbeat = std::chrono::hours(1)});
  const Response response = event_stream(queue);
  queue->publish({"1", "", "last"});
  queue.reset();
  EXPECT_EQ(read(response.stream, 10), "retry: 3000\n\nid: 1\ndata: last\n\n");
}

TEST_F(EventQueueTest, PublishersLearnThatTheClientIsGone) {
  auto queue = std::make_shared<EventQueue>(loop_, EventQueue::Options{});
  Response response = event_stream(queue);
  EXPECT_FALSE(queue->is_closed());
  response = {};
  EXPECT_FALSE(queue->publish({"1", "", "a"}));
}

Task<Response> subscribe(std::shared_ptr<EventQueue> queue) {
  co_return event_stream(queue);
}

void on_loop(TestServer& server, const std::function<void()>& act) {
  std::promise<void> done;
  asio::post(server.loop(), [&] {
    act();
    done.set_value();
  });
  done.get_future().get();
}

TEST(EventStream, ReachesAClientOverHttpAsItIsPublished) {
  std::shared_ptr<EventQueue> queue;
  std::vector<RouteGroup> groups;
  groups.push_back({"/", problem_details, {}});
  groups.front().routes.push_back(open_route(Method::get, "/events", [&queue](Request&) { return subscribe(queue); }));
  TestServer server(std::move(groups));
  on_loop(server, [&] { queue = std::make_shared<EventQueue>(server.loop(), EventQueue::Options{}); });
  RawClient client(server.port());
  const std::string head = client.ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n", "retry: 3000\n\n\r\n");
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  on_loop(server, [&] { queue->publish({"1", "change", "x"}); });
  EXPECT_THAT(client.receive_until("data: x\n\n\r\n"), HasSubstr("id: 1\nevent: change\n"));
  on_loop(server, [&] { queue.reset(); });
  EXPECT_THAT(client.receive_until("0\r\n\r\n"), EndsWith("0\r\n\r\n"));
}

}  // namespace
}  // namespace machi::net

#include "broker/registration/forwarder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <latch>
#include <mutex>

#include "broker/registration/build.h"
#include "net/scripted_server.h"

namespace machi::broker {
namespace {

using namespace testing;
using net::testing::DeadPort;
using net::testing::ScriptedServer;
using Socket = ScriptedServer::Socket;

/// A context provider that keeps what it is asked and always answers the same.
class Provider {
 public:
  Provider(int status, std::string body, std::string fields = "")
      : server_([this, status, body, fields](int, Socket& socket) {
          for (auto request = ScriptedServer::read_request(socket); !request.empty();
               request = ScriptedServer::read_request(socket)) {
            {
              const std::lock_guard lock(mutex_);
              requests_.push_back(request);
            }
            ScriptedServer::write(socket, fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{}", status, fields,
                                                      body.size(), body));
          }
        }) {}
  [[nodiscard]] std::string url() const { return server_.url("/v2"); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> requests_;
  ScriptedServer server_;
};

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest() {
    options_.user_agent = "machi-test";
    options_.on_forward = [this](const ForwardEvent& event) { events_.push_back(event); };
  }
  Forwarder make() { return {client_, book_, options_}; }
  LocalEntities query(const ForwardQuestion& question, LocalEntities local = {}, const std::string& correlator = "c") {
    auto forwarder = make();
    ForwardContext context;
    context.correlator = correlator;
    return net::testing::run(loop_, forwarder.query(question, std::move(local), context));
  }
  UpdateVerdict update(std::vector<UnmetUpdate> unmet) {
    auto forwarder = make();
    ForwardContext context;
    context.correlator = "c";
    return net::testing::run(loop_, forwarder.update(forwarder.plan(context, std::move(unmet)), context));
  }

  Loop loop_;
  net::Client client_{loop_, std::make_shared<const net::OutgoingGuard>(*net::OutgoingGuard::from({"127.0.0.1"})), {}};
  RegistrationBook book_;
  Forwarder::Options options_;
  std::vector<ForwardEvent> events_;
};

TEST_F(ForwarderTest, QueryGoesOutAsOrionSendsIt) {
  Provider provider(200, R"([{"id":"E1","type":"T","A1":{"type":"Number","value":7,"metadata":{}}}])");
  book_.put(provides("1", provider.url(), {{"", "T"}}, {"A1"}));
  auto forwarder = make();
  const ForwardContext context{{}, "city", "/a", "token", "corr"};
  const auto result = net::testing::run(loop_, forwarder.query(question(selector({}, {"T"})), {}, context));
  ASSERT_EQ(result.page.size(), 1U);
  EXPECT_EQ(result.page[0].attributes.at(0).value, "7");
  const std::string body = R"({"entities":[{"idPattern":".*","type":"T"}],"attrs":["A1"]})";
  ASSERT_EQ(provider.requests().size(), 1U);
  EXPECT_EQ(
      provider.requests()[0],
      "POST /v2/op/query?limit=20&offset=0&options=count HTTP/1.1\r\nHost: 127.0.0.1:" +
          std::to_string(provider.port()) +
          "\r\nUser-Agent: machi-test\r\nFiware-Service: city\r\nFiware-ServicePath: /a\r\nX-Auth-Token: token\r\n"
          "Accept: application/json\r\nContent-Type: application/json; charset=utf-8\r\n"
          "Fiware-Correlator: corr; cbfwd=1\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_TRUE(events_[0].success);
  EXPECT_EQ(events_[0].registrations, std::vector<std::string>{"1"});
}

TEST_F(ForwarderTest, ForwardsRunSideBySide) {
  std::latch both(2);  // neither provider answers before both have been asked
  const auto script = [&](int, Socket& socket) {
    if (ScriptedServer::read_request(socket).empty()) return;
    both.arrive_and_wait();
    ScriptedServer::answer(socket, R"([{"id":"E1","type":"T"}])");
  };
  ScriptedServer first(script);
  ScriptedServer second(script);
  book_.put(provides("1", first.url(), {{"", "T"}}, {"A1"}));
  book_.put(provides("2", second.url(), {{"", "T"}}, {"A2"}));
  EXPECT_EQ(query(question(selector({}, {"T"}))).total, 2);
}

TEST_F(ForwarderTest, FailingProvidersLeaveLocalResults) {
  const DeadPort dead;
  Provider broken(200, "nonsense");
  Provider missing(404, R"({"error":"NotFound"})");
  book_.put(provides("1", "http://127.0.0.1:" + std::to_string(dead.number()), {{"E", "T"}}, {"B"}));
  book_.put(provides("2", broken.url(), {{"E", "T"}}, {"C"}));
  book_.put(provides("3", missing.url(), {{"E", "T"}}, {"D"}));
  const auto result = query(question(selector({"E"}, {"T"})), {{entity("E", "T", {"A"})}, 1});
  ASSERT_EQ(result.page.size(), 1U);
  EXPECT_EQ(result.page[0].attributes.size(), 1U);
  ASSERT_EQ(events_.size(), 3U);
  EXPECT_FALSE(events_[0].success);
  EXPECT_FALSE(events_[1].success);
  EXPECT_TRUE(events_[2].success);
}

TEST_F(ForwarderTest, LegacyProviderIsAskedInNgsiV1) {
  Provider provider(200, R"({"contextResponses":[{"contextElement":{"id":"E1","type":"T","attributes":[
      {"name":"A1","type":"Text","value":"x"}]},"statusCode":{"code":"200"}}]})");
  auto registration = provides("1", provider.url(), {{"E1", "T"}}, {"A1"});
  registration.legacy_forwarding = true;
  book_.put(registration);
  const auto result = query(question(selector({"E1"}, {"T"})));
  ASSERT_EQ(result.page.size(), 1U);
  EXPECT_EQ(result.page[0].attributes.at(0).value, "\"x\"");
  EXPECT_TRUE(provider.requests().at(0).starts_with("POST /v2/queryContext HTTP/1.1\r\n"));
}

TEST_F(ForwarderTest, DeepPagesAskEachProviderForItsSlice) {
  Provider first(200, "[]", "Fiware-Total-Count: 900\r\n");
  Provider second(200, R"([{"id":"C","type":"T"}])", "Fiware-Total-Count: 500\r\n");
  book_.put(provides("1", first.url(), {{"", "T"}}, {"A1"}));
  book_.put(provides("2", second.url(), {{"", "T"}}, {"A2"}));
  auto asked = question(selector({}, {"T"}));
  asked.offset = 1100;
  const auto result = query(asked, {{}, 100});
  EXPECT_EQ(result.total, 1500);
  ASSERT_EQ(result.page.size(), 1U);
  EXPECT_EQ(result.page[0].id, "C");
  EXPECT_TRUE(first.requests().at(0).starts_with("POST /v2/op/query?limit=20&offset=1000&options=count "));
  EXPECT_TRUE(second.requests().at(0).starts_with("POST /v2/op/query?limit=20&offset=100&options=count "));
}

TEST_F(ForwarderTest, ForwardsOfForwardsEnd) {
  Provider provider(200, "[]");
  book_.put(provides("1", provider.url(), {{"", "T"}}));
  std::string correlator = "c";
  for (int i = 0; i < 8; ++i) correlator += "; cbfwd=1";
  query(question(selector({}, {"T"})), {}, correlator);
  EXPECT_TRUE(provider.requests().empty());
}

TEST_F(ForwarderTest, UpdateIsSharedOutAndJudged) {
  Provider takes(204, "");
  Provider refuses(404, R"({"error":"NotFound"})");
  book_.put(provides("1", takes.url(), {{"E1", "T1"}}, {"A1"}));
  book_.put(provides("2", refuses.url(), {{"E1", "T1"}}, {"A2"}));
  EXPECT_EQ(update({unmet("E1", "T1", {"A1"})}).kind, UpdateVerdict::Kind::done);
  EXPECT_EQ(update({unmet("E1", "T1", {"A2"})}).kind, UpdateVerdict::Kind::not_found);
  const auto mixed = update({unmet("E1", "T1", {"A1", "A2"})});
  EXPECT_EQ(mixed.kind, UpdateVerdict::Kind::partial);
  EXPECT_EQ(mixed.description, "Some of the following attributes were not updated: { E1-T1 : [A2] }");
  EXPECT_TRUE(takes.requests().at(0).starts_with("POST /v2/op/update HTTP/1.1\r\n"));
  EXPECT_TRUE(takes.requests().at(0).ends_with(
      R"({"entities":[{"id":"E1","type":"T1","A1":{"type":"Number","value":1,"metadata":{}}}],"actionType":"update"})"));
}

TEST_F(ForwarderTest, ProviderOutOfReachMeansNotUpdated) {
  const DeadPort dead;
  Provider takes(204, "");
  book_.put(provides("1", takes.url(), {{"E1", "T1"}}, {"A1"}));
  book_.put(provides("2", "http://127.0.0.1:" + std::to_string(dead.number()), {{"E1", "T1"}}, {"A2"}));
  EXPECT_EQ(update({unmet("E1", "T1", {"A2"})}).kind, UpdateVerdict::Kind::not_found);
  EXPECT_EQ(update({unmet("E1", "T1", {"A1", "A2"})}).kind, UpdateVerdict::Kind::partial);
}

TEST(RegistrationBook, KeepsRegistrationsByTenantAndAge) {
  RegistrationBook book;
  book.put(provides("2", "b", {}));
  book.put(provides("1", "a", {}));
  auto other = provides("3", "c", {});
  other.tenant = TenantId{7};
  book.put(other);
  ASSERT_EQ(book.of({}).size(), 2U);
  EXPECT_EQ(book.of({})[0].url, "a");
  book.put(provides("2", "changed", {}));
  EXPECT_EQ(book.of({})[1].url, "changed");
  book.remove({}, "1");
  EXPECT_EQ(book.of({}).size(), 1U);
  EXPECT_EQ(book.of(TenantId{7}).size(), 1U);
  book.assign({provides("9", "z", {}), provides("8", "y", {})});
  ASSERT_EQ(book.of({}).size(), 2U);
  EXPECT_EQ(book.of({})[0].id, "8");
  EXPECT_TRUE(book.of(TenantId{7}).empty());
}

}  // namespace
}  // namespace machi::broker

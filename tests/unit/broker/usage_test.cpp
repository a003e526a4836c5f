#include "broker/usage.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

using net::Answered;

void answer(Usage& usage, std::string_view service, std::string_view path, int status, std::size_t bytes) {
  net::Request request;
  if (!service.empty()) request.headers.add("Fiware-Service", std::string(service));
  if (!path.empty()) request.headers.add("Fiware-ServicePath", std::string(path));
  net::Response response = net::Response::json(status, "[]");
  usage.answered(Answered{request, nullptr, response, bytes, 500'000});
}

TEST(Usage, CountsEachServicePathAndSumsThemUp) {
  Usage usage;
  answer(usage, "t1", "/a", 200, 0);
  answer(usage, "T1", "/a,/b", 404, 10);
  answer(usage, "", "/a/#", 200, 5);
  EXPECT_EQ(render_traffic(usage.traffic()),
            R"({"services":{"default-service":{"subservs":{"a":{"incomingTransactions":1,)"
            R"("incomingTransactionRequestSize":5,"incomingTransactionResponseSize":2,"serviceTime":0.5}},)"
            R"("sum":{"incomingTransactions":1,"incomingTransactionRequestSize":5,"incomingTransactionResponseSize":2,)"
            R"("serviceTime":0.5}},"t1":{"subservs":{"a":{"incomingTransactions":2,"incomingTransactionErrors":1,)"
            R"("incomingTransactionRequestSize":10,"incomingTransactionResponseSize":4,"serviceTime":0.5}},)"
            R"("sum":{"incomingTransactions":2,"incomingTransactionErrors":1,"incomingTransactionRequestSize":10,)"
            R"("incomingTransactionResponseSize":4,"serviceTime":0.5}}},"sum":{"subservs":{"a":{)"
            R"("incomingTransactions":3,"incomingTransactionErrors":1,"incomingTransactionRequestSize":15,)"
            R"("incomingTransactionResponseSize":6,"serviceTime":0.5}},"sum":{"incomingTransactions":3,)"
            R"("incomingTransactionErrors":1,"incomingTransactionRequestSize":15,"incomingTransactionResponseSize":6,)"
            R"("serviceTime":0.5}}})");
}

TEST(Usage, LeavesOutRequestsWithBrokenServiceOrPath) {
  Usage usage;
  answer(usage, "a.b", "/a", 400, 0);
  answer(usage, "t1", "relative", 400, 0);
  EXPECT_TRUE(usage.traffic().empty());
  EXPECT_EQ(usage.counts().no_payload, 2U);
}

TEST(Usage, TakingTheTrafficForgetsItButNotTheCounts) {
  Usage usage;
  answer(usage, "", "", 200, 0);
  usage.sent("", "/", 7, 0, false);
  const auto taken = usage.take_traffic();
  EXPECT_EQ(taken.at("").at("/").outgoing_errors, 1U);
  EXPECT_EQ(taken.at("").at("/").outgoing_request_bytes, 7U);
  EXPECT_TRUE(usage.traffic().empty());
  EXPECT_EQ(usage.counts().no_payload, 1U);
}

TEST(Usage, IsBoundedHoweverManyNamesRequestsBring) {
  Usage usage;
  for (int i = 0; i < 12'000; ++i) usage.sent("t", "/p" + std::to_string(i), 1, 0, true);
  const auto traffic = usage.traffic();
  EXPECT_EQ(traffic.at("t").size(), 10'000U);
  EXPECT_EQ(traffic.at("").at("/").outgoing, 2'000U);
}

}  // namespace
}  // namespace machi::broker

// Serves one 200-byte JSON document behind the gate (limits, authorisation) and the observers (metrics, usage) that all
// routes have: what the HTTP layer costs by itself.
//   http_server [PORT]     prints the port and serves until it is killed
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "app/configuration.h"
#include "app/request_gate.h"
#include "app/request_meters.h"
#include "base/per_loop.h"
#include "broker/usage.h"
#include "net/router.h"
#include "net/server.h"

namespace machi::net {
namespace {

/// 200 bytes, as an entity in keyValues form might be.
std::string document() {
  std::string text = R"({"id":"urn:ngsi-ld:WeatherObserved:nasushiobara-001","type":"WeatherObserved",)"
                     R"("temperature":23.5,"relativeHumidity":0.61,"name":")";
  text.append(200 - text.size() - 2, 'x');
  return text + "\"}";
}

Task<Response> answer(const std::string* body) {
  co_return Response::json(200, *body);
}

/// Counted as everywhere, yet beyond what one client sends.
app::Configuration::Limits limits() {
  app::Configuration::Limits limits;
  for (core::RateLimit& rate : limits.rates) rate = {10'000'000, 10'000'000};
  return limits;
}

int serve(std::uint16_t port) {
  const std::string body = document();
  core::Metrics metrics;
  broker::Usage usage;
  std::vector<RouteGroup> groups;
  groups.push_back({"/", problem_details, {}});
  groups.front().routes.push_back({Method::get, "/v2/entities/{entityId}", Operation("retrieve"),
                                   Permission("broker.entities.read"), DataClass::open, LimitClass::read,
                                   [&body](Request&) { return answer(&body); }});
  const app::RequestMeters meters(metrics, groups);
  auto gate = app::request_gate(limits(), 1, metrics);
  const auto observer = [&](const Answered& answered) {
    meters.observe(answered);
    usage.answered(answered);
  };
  auto router = std::make_shared<const Router>(std::move(groups), std::move(gate), observer);
  Loop loop(kOneThread);
  current_loop_index() = 0;
  ServerOptions options;
  options.port = port;
  auto server = Server::bind({&loop}, options, std::move(router));
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  (*server)->start();
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  loop.run();
  return 0;
}

}  // namespace
}  // namespace machi::net

int main(int argc, char** argv) {
  return machi::net::serve(argc > 1 ? static_cast<std::uint16_t>(std::atoi(argv[1])) : std::uint16_t{0});
}

// Serves one 200-byte JSON document through router, gate and observer: what the HTTP layer costs by itself.
//   http_server [PORT]     prints the port and serves until it is killed
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

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

/// What the composition root counts a request: number and time by status class.
struct Counters {
  std::array<std::uint64_t, 6> requests{};
  std::uint64_t microseconds = 0;
};

int serve(std::uint16_t port) {
  const std::string body = document();
  Counters counters;
  std::vector<RouteGroup> groups;
  groups.push_back({"/", problem_details, {}});
  groups.front().routes.push_back({Method::get, "/v2/entities/{entityId}", Operation("retrieve"),
                                   Permission("broker.entities.read"), DataClass::open, LimitClass::read,
                                   [&body](Request&) { return answer(&body); }});
  auto router = std::make_shared<const Router>(
      std::move(groups), [](Request&, const Route&) -> Result<> { return {}; },
      [&counters](const Answered& answered) {
        ++counters.requests[static_cast<std::size_t>(answered.response.status / 100) % counters.requests.size()];
        counters.microseconds += static_cast<std::uint64_t>(answered.microseconds);
      });
  Loop loop(kOneThread);
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

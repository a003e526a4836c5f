#include "app/request_gate.h"

#include "base/per_loop.h"
#include "core/principal.h"
#include "core/rate_limiter.h"

namespace machi::app {
namespace {

struct Limits {
  PerLoop<core::RateLimiter> limiters;
  std::array<core::Counter*, core::kLimitClasses> refused{};
};

}  // namespace

net::Gate request_gate(const Configuration::Limits& configured, std::size_t loops, core::Metrics& metrics) {
  auto limits = std::make_shared<Limits>();
  const core::RateLimiter::Options options{configured.rates, static_cast<std::size_t>(configured.clients)};
  for (std::size_t i = 0; i < loops; ++i) limits->limiters.add(std::make_unique<core::RateLimiter>(options));
  for (std::size_t i = 0; i < core::kLimitClasses; ++i) {
    const std::string name(core::name_of(static_cast<net::LimitClass>(i)));
    limits->refused[i] =
        &metrics.counter("machi_requests_limited_total", "Requests refused because their client made too many.",
                         "class=\"" + name + "\"");
  }
  return [limits](net::Request& request, const net::Route& route) -> Result<> {
    const auto now = core::RateLimiter::Clock::now();
    if (!limits->limiters.here().admit(request.client_address, route.limit_class, now)) {
      limits->refused[static_cast<std::size_t>(route.limit_class)]->add();
      return fail(ErrorCode::too_many_requests, "too many requests of this kind from this address; try again later");
    }
    request.principal = &core::Principal::anonymous();
    return core::authorize(*request.principal, route);
  };
}

}  // namespace machi::app

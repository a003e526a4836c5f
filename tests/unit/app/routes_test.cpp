#include "app/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/operations_routes.h"
#include "broker/declarations.h"
#include "core/metrics.h"
#include "core/principal.h"
#include "net/run_task.h"

namespace machi::app {
namespace {

/// The real table of both ports, over parts that hold nothing: a handler that ran would answer 500.
class RoutesOfNobody : public testing::Test {
 protected:
  RoutesOfNobody() {
    auto groups = api_routes({services_, std::make_shared<broker::Usage>(), resources_, staff_}, configuration_);
    if (!groups) throw std::runtime_error(groups.error().message);
    std::vector<net::RouteGroup> operations;
    operations.push_back(operations_routes({&metrics_, {}, {}}));
    api_ = router(std::move(*groups));
    operations_ = router(std::move(operations));
  }

  static std::unique_ptr<net::Router> router(std::vector<net::RouteGroup> groups) {
    const auto gate = [](net::Request& request, const net::Route& route) {
      request.principal = &core::Principal::nobody();
      return core::authorize(*request.principal, route);
    };
    return std::make_unique<net::Router>(std::move(groups), gate, nullptr);
  }

  static net::Response ask(const net::Router& router, const net::Route& route) {
    net::Request request;
    request.method = route.method;
    request.path = route.path;  // a name in braces is a value as good as another
    return net::run_task(router.handle(request));
  }

  broker::Services services_;
  core::ResourceCatalogue resources_{broker::declarations()};
  PerLoop<core::StaffServices> staff_;
  core::Metrics metrics_;
  Configuration configuration_;
  std::unique_ptr<net::Router> api_;
  std::unique_ptr<net::Router> operations_;
};

TEST_F(RoutesOfNobody, AnswerForbiddenAndNothingElse) {
  int refused = 0;
  for (const net::Router* router : {api_.get(), operations_.get()}) {
    for (const net::RouteGroup& group : router->groups()) {
      for (const net::Route& route : group.routes) {
        if (core::is_public(route.permission)) continue;
        const net::Response response = ask(*router, route);
        EXPECT_EQ(response.status, 403) << route.operation.id;
        EXPECT_THAT(response.body, testing::HasSubstr("you are not allowed to do this")) << route.operation.id;
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 30);
}

TEST_F(RoutesOfNobody, LeaveOpenWhatSaysNothingAboutData) {
  std::set<std::string_view> open;
  for (const net::RouteGroup& group : api_->groups()) {
    for (const net::Route& route : group.routes) {
      if (!core::is_public(route.permission)) continue;
      EXPECT_TRUE(core::authorize(core::Principal::nobody(), route)) << route.operation.id;
      EXPECT_EQ(route.method, net::Method::get) << route.operation.id;
      EXPECT_EQ(route.data_class, net::DataClass::open) << route.operation.id;
      open.insert(route.operation.id);
    }
  }
  open.erase("getStatusPage");  // there only when it has been built
  EXPECT_THAT(open, testing::UnorderedElementsAre("retrieveEntryPoints", "retrieveVersion"));
}

TEST_F(RoutesOfNobody, PersonalDataIsRefusedToEveryone) {
  const auto never = [](net::Request&) -> Task<net::Response> { co_return net::Response(); };
  const net::Route route(net::Method::get, "/x", net::Operation("x"), net::Permission("web.read"),
                         net::DataClass::personal, net::LimitClass::read, never);
  for (const auto* principal :
       {&core::Principal::anonymous(), &core::Principal::local_operator(), &core::Principal::nobody()}) {
    EXPECT_FALSE(core::authorize(*principal, route)) << principal->subject;
  }
}

}  // namespace
}  // namespace machi::app

#include "net/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "net/run_task.h"

namespace machi::net {
namespace {

Response render_plain(const Error& error, const Request&) {
  Response response = Response::empty(error_info(error.code).http_status);
  response.body = error.message;
  return response;
}

Task<Response> echo(std::string name, const Request& request) {
  Response response;
  response.body = std::move(name);
  char separator = ' ';
  for (const std::string& value : request.path_parameters) {
    response.body += std::exchange(separator, '|');
    response.body += value;
  }
  co_return response;
}

Task<Response> throwing() {
  throw std::runtime_error("select * from secrets");
  co_return Response{};
}

Task<Response> with_status(int status) {
  co_return Response::empty(status);
}

/// A handler that answers with its name and the path parameters.
Handler named(std::string name) {
  return [name = std::move(name)](Request& request) { return echo(name, request); };
}

Route route(Method method, std::string_view path, Handler handler) {
  return {method, path, Operation("test"), Permission("test"), DataClass::open, LimitClass::read, std::move(handler)};
}

struct Seen {
  const Route* route = nullptr;
  int status = 0;
};

class RouterTest : public testing::Test {
 protected:
  std::vector<RouteGroup> groups() {
    std::vector<RouteGroup> out;
    RouteGroup v2{"/v2", render_plain, {}};
    v2.unknown_path = {ErrorCode::bad_request, "Service not found", {}};
    v2.cors = cors_;
    v2.routes.push_back(route(Method::get, "/v2", named("root")));
    v2.routes.push_back(route(Method::post, "/v2/entities", named("create")));
    v2.routes.push_back(route(Method::get, "/v2/entities", named("list")));
    v2.routes.push_back(route(Method::get, "/v2/entities/{id}", named("one")));
    v2.routes.push_back(route(Method::delete_, "/v2/entities/{id}", named("delete")));
    v2.routes.push_back(route(Method::get, "/v2/entities/{id}/attrs/{name}/value", named("value")));
    v2.routes.push_back(route(Method::get, "/v2/entities/all", named("all")));
    v2.routes.push_back(route(Method::get, "/v2/throws", [](Request&) { return throwing(); }));
    v2.routes.push_back(route(Method::get, "/v2/busy", [](Request&) { return with_status(503); }));
    out.push_back(std::move(v2));
    out.push_back({"/v2/admin", problem_details, {}});
    return out;
  }

  Response ask(std::string_view method, std::string_view path, std::string_view origin = {}) {
    const Router router(
        groups(),
        [](Request& r, const Route&) -> Result<> {
          if (r.headers.has("Refuse")) return fail(ErrorCode::forbidden, "no right");
          return {};
        },
        [this](const Answered& a) { seen_ = {a.route, a.response.status}; });
    request_.method = method_of(method);
    request_.method_name = method;
    request_.path = path;
    if (!origin.empty()) request_.headers.set("Origin", std::string(origin));
    Response response = run_task(router.handle(request_));
    seen_.route = nullptr;  // it dies with the router
    return response;
  }

  std::optional<Cors> cors_;
  Request request_;
  Seen seen_;
};

TEST_F(RouterTest, ParametersAreDecodedAndALiteralBeatsAParameter) {
  EXPECT_EQ(ask("GET", "/v2/entities/E1").body, "one E1");
  EXPECT_EQ(ask("GET", "/v2/entities/urn:x%2Fy%20z/attrs/%E7%94%BA/value").body, "value urn:x/y z|町");
  EXPECT_EQ(ask("GET", "/v2/entities/all").body, "all");
  EXPECT_EQ(ask("GET", "/v2/%65ntities/all").body, "all");
  EXPECT_EQ(ask("GET", "/v2/entities/all/attrs/a/value").body, "value all|a");
}

TEST_F(RouterTest, OneSlashAtTheEndDoesNotCount) {
  EXPECT_EQ(ask("GET", "/v2/").body, "root");
  EXPECT_EQ(ask("GET", "/v2/entities/").body, "list");
  EXPECT_EQ(ask("GET", "/v2/entities//").body, "one ");
  EXPECT_EQ(ask("GET", "/v2/entities///").status, 400);
}

TEST_F(RouterTest, UnknownPathIsAnsweredByTheGroupOfTheLongestPrefix) {
  EXPECT_EQ(ask("GET", "/v2/nothing").body, "Service not found");
  EXPECT_EQ(seen_.status, 400);
  EXPECT_EQ(ask("GET", "/v2/admin/x").headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(ask("GET", "/v2x").status, 404);
  EXPECT_EQ(ask("OPTIONS", "*").status, 404);
}

TEST_F(RouterTest, OtherMethodsAnswer405WithAllow) {
  const Response response = ask("BADVERB", "/v2/entities");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("Allow"), "POST, GET");
  EXPECT_EQ(ask("OPTIONS", "/v2").headers.get("Allow"), "GET");
}

TEST_F(RouterTest, HeadRunsGet) {
  EXPECT_EQ(ask("HEAD", "/v2/entities/E1").body, "one E1");
}

TEST_F(RouterTest, BrokenEncodingInAParameterIsRefused) {
  EXPECT_EQ(ask("GET", "/v2/entities/%zz").status, 400);
  EXPECT_EQ(ask("GET", "/v2/entities/%00").status, 400);
}

TEST_F(RouterTest, CorrelatorComesFirstInEveryAnswer) {
  for (const auto* path : {"/v2/entities/E1", "/v2/nothing", "/v2/throws"}) {
    const Response response = ask("GET", path);
    EXPECT_EQ(response.headers.fields().front().first, "Fiware-Correlator");
    EXPECT_EQ(response.headers.fields().front().second.size(), 36u);
  }
  request_.correlator = "mine";
  EXPECT_EQ(ask("GET", "/v2").headers.get("fiware-correlator"), "mine");
}

TEST_F(RouterTest, WhatEscapesAHandlerBecomes500WithoutItsText) {
  const Response response = ask("GET", "/v2/throws");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "an internal error occurred");
  EXPECT_EQ(seen_.status, 500);
}

TEST_F(RouterTest, TheGateRefusesBeforeTheHandler) {
  request_.headers.add("Refuse", "1");
  const Response response = ask("GET", "/v2/throws");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(seen_.status, 403);
}

TEST_F(RouterTest, BusyCarriesRetryAfter) {
  EXPECT_EQ(ask("GET", "/v2/busy").headers.get("Retry-After"), "1");
}

TEST_F(RouterTest, PreflightListsTheMethodsOfTheResource) {
  cors_ = Cors{.allowed_origin = "__ALL", .max_age = std::chrono::seconds(600)};
  const Response response = ask("OPTIONS", "/v2/entities", "https://city.example");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(response.headers.get("Access-Control-Max-Age"), "600");
  EXPECT_TRUE(response.headers.has("Access-Control-Allow-Headers"));
  EXPECT_EQ(ask("DELETE", "/v2/entities").headers.get("Allow"), "POST, GET, OPTIONS");
}

TEST_F(RouterTest, OtherOriginsGetNoCorsHeader) {
  cors_ = Cors{.allowed_origin = "https://city.example"};
  EXPECT_EQ(ask("GET", "/v2", "https://city.example").headers.get("Access-Control-Allow-Origin"),
            "https://city.example");
  const Response other = ask("OPTIONS", "/v2", "https://evil.example");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.headers.fields().size(), 1u);
  EXPECT_EQ(ask("OPTIONS", "/v2/nothing", "https://city.example").status, 400);
}

TEST_F(RouterTest, ErrorsOfTheHttpLayerAreRenderedByTheGroupOfThePath) {
  const Router router(groups(), {}, {});
  request_.path = "/v2/entities";
  const Response response = router.render_error({ErrorCode::bad_request, "too slow", {}}, request_, 408);
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.body, "too slow");
}

TEST(Router, TwoRoutesOfOneMethodAndPathAreABug) {
  std::vector<RouteGroup> groups;
  groups.push_back({"/", problem_details, {}});
  groups.front().routes.push_back(route(Method::get, "/a/{x}", named("1")));
  groups.front().routes.push_back(route(Method::get, "/a/{y}/", named("2")));
  EXPECT_THROW(Router(std::move(groups), {}, {}), std::logic_error);
}

}  // namespace
}  // namespace machi::net

#include "app/operations_routes.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "core/principal.h"

namespace machi::app {
namespace {

using net::DataClass;
using net::LimitClass;
using net::Method;
using net::Operation;
using net::Permission;
using net::Request;
using net::Response;
using net::Route;

Response status_answer(int status, std::string_view word, std::string_view reason) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("status").string(word);
  if (!reason.empty()) json.key("reason").string(reason);
  json.end_object();
  return Response::json(status, std::move(body));
}

Task<Response> live(Request&) {
  co_return status_answer(200, "live", "");
}

Task<Response> ready(std::function<Task<Result<>>()> check) {
  auto state = co_await check();
  if (!state) co_return status_answer(503, "not ready", state.error().message);
  co_return status_answer(200, "ready", "");
}

Task<Response> metrics(const core::Metrics* registry) {
  Response response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = registry->text();
  co_return response;
}

std::string level_json() {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("level").string(log::name_of(log::level())).end_object();
  return body;
}

Response level_answer() {
  return Response::json(200, level_json());
}

Task<Response> read_level(Request&) {
  co_return level_answer();
}

/// `{"level":"debug"}`.
Task<Response> change_level(decltype(OperationsState::audit) audit, Request* asked) {
  Request& request = *asked;
  const auto body = Json::parse(request.body);
  const Json* name = body ? body->find("level") : nullptr;
  if (name == nullptr || !name->is_string()) {
    co_return net::problem_details(
        {ErrorCode::bad_request, "the body must be {\"level\": \"debug\"} or another level", "level"}, request);
  }
  const auto level = log::parse_level(name->as_string());
  if (!level) co_return net::problem_details(level.error(), request);
  log::info("log level changed", {{"level", log::name_of(*level)}, {"correlator", request.correlator}});
  core::AuditRecord record{.operation = "log.update", .resource = "admin/log", .before = level_json()};
  log::set_level(*level);
  record.after = level_json();
  core::Actor actor{request.principal != nullptr ? request.principal->subject : std::string(), request.correlator};
  auto recorded = co_await audit(std::move(actor), std::move(record));
  if (!recorded) log::warn("a change of the log level has no audit record", {{"reason", recorded.error().message}});
  co_return level_answer();
}

}  // namespace

net::RouteGroup operations_routes(const OperationsState& state) {
  const auto check = state.ready;
  const auto* registry = state.metrics;
  const Permission read("operations.read");
  const Permission write("operations.log.write");
  std::vector<Route> routes;
  routes.emplace_back(Method::get, "/health/live", Operation("getLiveness"), read, DataClass::internal,
                      LimitClass::operations, live);
  routes.emplace_back(Method::get, "/health/ready", Operation("getReadiness"), read, DataClass::internal,
                      LimitClass::operations, [check](Request&) { return ready(check); });
  routes.emplace_back(Method::get, "/metrics", Operation("getMetrics"), read, DataClass::internal,
                      LimitClass::operations, [registry](Request&) { return metrics(registry); });
  routes.emplace_back(Method::get, "/admin/log", Operation("getLogLevel"), read, DataClass::internal,
                      LimitClass::operations, read_level);
  routes.emplace_back(Method::put, "/admin/log", Operation("setLogLevel"), write, DataClass::internal,
                      LimitClass::operations,
                      [audit = state.audit](Request& request) { return change_level(audit, &request); });
  return {"/", net::problem_details, std::move(routes)};
}

}  // namespace machi::app

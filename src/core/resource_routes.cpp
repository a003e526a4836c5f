#include "core/resource_routes.h"

#include <algorithm>
#include <cctype>

#include "core/principal.h"
#include "core/request_parameters.h"
#include "core/resource_json.h"

namespace machi::core {
namespace {

using net::LimitClass;
using net::Method;
using net::Request;
using net::Response;
using Action = ResourceChange::Action;
using What = ResourceOutcome::What;

constexpr std::int64_t kDefaultPage = 100;
constexpr std::int64_t kLargestPage = 1000;

/// What all handlers of a kind need.
struct Place {
  const ResourceDeclaration* declaration;
  const PerLoop<StaffServices>* services;
};

std::string service_of(const Request& request) {
  std::string name(request.headers.get("Fiware-Service"));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

Actor actor_of(const Request& request) {
  return {request.principal != nullptr ? request.principal->subject : std::string(), request.correlator};
}

std::optional<std::string> header(const Request& request, std::string_view name) {
  if (!request.headers.has(name)) return {};
  return std::string(request.headers.get(name));
}

Response answer(int status, const ResourceDeclaration& declaration, const Resource& resource) {
  std::string body;
  JsonWriter json(body);
  append_resource(json, declaration, resource);
  Response response = Response::json(status, std::move(body));
  if (resource.revision > 0) response.headers.add("ETag", resource.etag());
  return response;
}

Task<Response> list(Place at, Request* request) {
  const auto parameters = RequestParameters::read(*request, {"limit", "offset"});
  if (!parameters) co_return net::problem_details(parameters.error(), *request);
  const auto limit = parameters->integer("limit", kDefaultPage, 1, kLargestPage);
  if (!limit) co_return net::problem_details(limit.error(), *request);
  const auto offset = parameters->integer("offset", 0, 0, INT32_MAX);
  if (!offset) co_return net::problem_details(offset.error(), *request);
  ResourceStore& store = at.services->here().resources;
  auto tenant = co_await store.tenant_of(at.declaration, service_of(*request));
  if (!tenant) co_return net::problem_details(tenant.error(), *request);
  auto page = co_await store.list(at.declaration, *tenant, *limit, *offset);
  if (!page) co_return net::problem_details(page.error(), *request);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("total").integer(page->total).key("items").begin_array();
  for (const Resource& resource : page->resources) append_resource(json, *at.declaration, resource);
  json.end_array().end_object();
  co_return Response::json(200, std::move(body));
}

Task<Response> retrieve(Place at, Request* request) {
  if (auto known = RequestParameters::read(*request, {}); !known)
    co_return net::problem_details(known.error(), *request);
  ResourceStore& store = at.services->here().resources;
  auto tenant = co_await store.tenant_of(at.declaration, service_of(*request));
  if (!tenant) co_return net::problem_details(tenant.error(), *request);
  auto resource = co_await store.get(at.declaration, *tenant, request->path_parameters.at(0));
  if (!resource) co_return net::problem_details(resource.error(), *request);
  co_return answer(200, *at.declaration, *resource);
}

/// The change that a request asks for. Errors: bad_request, parse_error, unsupported_media_type.
Result<ResourceChange> read_change(const Request& request, Action action) {
  const auto parameters = RequestParameters::read(request, {"dry_run"});
  if (!parameters) return fail(parameters.error());
  const auto dry_run = parameters->flag("dry_run");
  if (!dry_run) return fail(dry_run.error());
  ResourceChange change{.action = action, .if_match = header(request, "If-Match"), .dry_run = *dry_run};
  change.if_none_match = header(request, "If-None-Match");
  if (action != Action::create) change.id = request.path_parameters.at(0);
  if (action == Action::remove) return change;
  if (!request.headers.get("Content-Type").contains("json")) {
    return fail(ErrorCode::unsupported_media_type, "the body must be JSON (application/json)", "Content-Type");
  }
  auto body = Json::parse(request.body);
  if (!body) return fail(std::move(body.error()));
  if (const std::string twice = body->duplicate_key(); !twice.empty()) {
    return fail(ErrorCode::bad_request, twice + " stands twice", twice);
  }
  change.body = std::move(*body);
  return change;
}

Response answer_of(const Place& at, const ResourceOutcome& outcome, bool dry_run) {
  if (dry_run) return answer(200, *at.declaration, outcome.resource);
  if (outcome.what == What::removed) return Response::empty(204);
  if (outcome.what != What::created) return answer(200, *at.declaration, outcome.resource);
  Response response = answer(201, *at.declaration, outcome.resource);
  response.headers.add(
      "Location", "/resources/" + std::string(at.declaration->path) + "/" + net::percent_encode(outcome.resource.id));
  return response;
}

Task<Response> change(Place at, Request* request, Action action) {
  auto asked = read_change(*request, action);
  if (!asked) co_return net::problem_details(asked.error(), *request);
  ResourceStore& store = at.services->here().resources;
  auto tenant = co_await store.tenant_of(at.declaration, service_of(*request));
  if (!tenant) co_return net::problem_details(tenant.error(), *request);
  const bool dry_run = asked->dry_run;
  auto outcome = co_await store.change(at.declaration, *tenant, std::move(*asked), actor_of(*request));
  if (!outcome) co_return resource_problem(outcome.error(), *request);
  co_return answer_of(at, *outcome, dry_run);
}

Task<Response> describe(const ResourceCatalogue* catalogue, Request* request) {
  if (auto known = RequestParameters::read(*request, {}); !known)
    co_return net::problem_details(known.error(), *request);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("kinds").begin_array();
  for (const ResourceKind& kind : catalogue->kinds()) append_declaration(json, kind.declaration);
  json.end_array().end_object();
  co_return Response::json(200, std::move(body));
}

void add_routes(std::vector<net::Route>& routes, const ResourceKind& kind, const PerLoop<StaffServices>& services) {
  const ResourceDeclaration& d = kind.declaration;
  const Place at{&d, &services};
  const auto add = [&](Method method, const std::string& path, const std::string& operation, net::Handler handler) {
    const bool reads = method == Method::get;
    routes.emplace_back(method, path, net::Operation(operation), reads ? d.read : d.write, d.data_class,
                        reads ? LimitClass::read : LimitClass::write, std::move(handler));
  };
  const auto changing = [at](Action action) {
    return [at, action](Request& request) { return change(at, &request, action); };
  };
  add(Method::get, kind.collection_path, kind.list, [at](Request& request) { return list(at, &request); });
  add(Method::post, kind.collection_path, kind.create, changing(Action::create));
  add(Method::get, kind.item_path, kind.retrieve, [at](Request& request) { return retrieve(at, &request); });
  add(Method::put, kind.item_path, kind.replace, changing(Action::replace));
  add(Method::patch, kind.item_path, kind.update, changing(Action::patch));
  if (d.removable) add(Method::delete_, kind.item_path, kind.remove, changing(Action::remove));
}

}  // namespace

net::RouteGroup resource_routes(const ResourceCatalogue& catalogue, const PerLoop<StaffServices>& services) {
  std::vector<net::Route> routes;
  const ResourceCatalogue* all = &catalogue;
  routes.emplace_back(Method::get, "/resources", net::Operation("listResourceKinds"), net::Permission("resources.read"),
                      net::DataClass::internal, LimitClass::read,
                      [all](Request& request) { return describe(all, &request); });
  for (const ResourceKind& kind : catalogue.kinds()) add_routes(routes, kind, services);
  return {"/resources", net::problem_details, std::move(routes)};
}

}  // namespace machi::core

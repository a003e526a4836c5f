#include "base/json_writer.h"
#include "core/request_parameters.h"
#include "core/resource_routes.h"

namespace machi::core {
namespace {

using net::Request;
using net::Response;

constexpr std::int64_t kDefaultPage = 100;
constexpr std::int64_t kLargestPage = 1000;

Result<AuditQuery> read_query(const Request& request) {
  const auto parameters = RequestParameters::read(
      request, {"from", "to", "principal", "operation", "resource", "tenant", "before", "limit"});
  if (!parameters) return fail(parameters.error());
  AuditQuery query;
  const auto from = parameters->time("from");
  if (!from) return fail(from.error());
  const auto to = parameters->time("to");
  if (!to) return fail(to.error());
  const auto limit = parameters->integer("limit", kDefaultPage, 1, kLargestPage);
  if (!limit) return fail(limit.error());
  const auto before = parameters->integer("before", 0, 1, INT64_MAX);
  if (!before) return fail(before.error());
  query.from = *from;
  query.to = *to;
  query.limit = *limit;
  if (*before > 0) query.before = *before;
  query.principal = parameters->text("principal");
  query.operation = parameters->text("operation");
  query.resource = parameters->text("resource");
  query.tenant = parameters->text("tenant");
  return query;
}

void append_entry(JsonWriter& json, const AuditEntry& entry) {
  json.begin_object().key("id").integer(entry.id).key("recorded").string(to_iso8601_milliseconds(entry.recorded));
  if (entry.tenant) json.key("tenant").string(*entry.tenant);
  json.key("principal").string(entry.principal).key("operation").string(entry.operation);
  json.key("resource").string(entry.resource).key("outcome").string(entry.outcome);
  json.key("correlator").string(entry.correlator).key("detail").raw(entry.detail).end_object();
}

Task<Response> list_audit(const PerLoop<StaffServices>* services, Request* request) {
  auto query = read_query(*request);
  if (!query) co_return net::problem_details(query.error(), *request);
  const auto limit = static_cast<std::size_t>(query->limit);
  auto entries = co_await services->here().audit.read(std::move(*query));
  if (!entries) co_return net::problem_details(entries.error(), *request);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("items").begin_array();
  for (const AuditEntry& entry : *entries) append_entry(json, entry);
  json.end_array();
  // The next page begins before the last entry of this one, whatever is added meanwhile.
  if (entries->size() == limit) json.key("next_before").integer(entries->back().id);
  json.end_object();
  co_return Response::json(200, std::move(body));
}

}  // namespace

net::RouteGroup audit_routes(const PerLoop<StaffServices>& services) {
  const PerLoop<StaffServices>* all = &services;
  std::vector<net::Route> routes;
  routes.emplace_back(net::Method::get, "/audit", net::Operation("listAuditRecords"), net::Permission("audit.read"),
                      net::DataClass::internal, net::LimitClass::query,
                      [all](Request& request) { return list_audit(all, &request); });
  return {"/audit", net::problem_details, std::move(routes)};
}

}  // namespace machi::core

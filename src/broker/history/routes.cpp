#include "broker/history/routes.h"

#include <charconv>

#include "base/json_writer.h"
#include "broker/history/history_store.h"
#include "broker/ngsiv2/preconditions.h"

namespace machi::broker {
namespace {

using net::Request;
using net::Response;

constexpr std::int64_t kMostValues = 10'000;

/// What a request asks for: values, or numbers gathered by period.
struct Asked {
  HistoryQuery query;
  std::string tenant;
  std::optional<std::vector<std::string>> methods{};
  Period period = Period::hour;
  std::string zone = "UTC";
};

Failure wrong(const std::string& name, const std::string& what) {
  return fail(ErrorCode::bad_request, name + ": " + what, name);
}

Result<std::int64_t> count_of(const net::QueryParameter& p, std::int64_t low) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(p.value.data(), p.value.data() + p.value.size(), value);
  if (error != std::errc() || end != p.value.data() + p.value.size() || value < low || value > kMostValues) {
    return wrong(p.name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(kMostValues));
  }
  return value;
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) items.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

Result<> read_time(const net::QueryParameter& p, std::optional<Timestamp>& out) {
  out = parse_iso8601(p.value);
  if (!out) return wrong(p.name, "must be a date and time such as 2026-11-23T00:00:00Z");
  return {};
}

Result<> read_methods(const net::QueryParameter& p, Asked& asked) {
  asked.methods = list_of(p.value);
  for (const std::string& method : *asked.methods) {
    const bool known = method == "count" || method == "min" || method == "max" || method == "sum" || method == "avg";
    if (!known) return wrong(p.name, "must be of count, min, max, sum, avg");
  }
  if (asked.methods->empty()) return wrong(p.name, "must name at least one of count, min, max, sum, avg");
  return {};
}

Result<> read_count(const net::QueryParameter& p, Asked& asked) {
  const auto count = count_of(p, p.name == "offset" ? 0 : 1);
  if (!count) return fail(count.error());
  if (p.name == "lastN") asked.query.last = *count;
  if (p.name == "limit") asked.query.limit = *count;
  if (p.name == "offset") asked.query.offset = *count;
  return {};
}

Result<> read_parameter(const net::QueryParameter& p, Asked& asked) {
  if (p.name == "type") {
    asked.query.type = p.value;
  } else if (p.name == "attrs") {
    asked.query.attributes = list_of(p.value);
  } else if (p.name == "fromDate") {
    return read_time(p, asked.query.from);
  } else if (p.name == "toDate") {
    return read_time(p, asked.query.to);
  } else if (p.name == "lastN" || p.name == "limit" || p.name == "offset") {
    return read_count(p, asked);
  } else if (p.name == "aggrMethod") {
    return read_methods(p, asked);
  } else if (p.name == "aggrPeriod") {
    const auto period = parse_period(p.value);
    if (!period) return wrong(p.name, "must be second, minute, hour, day, week, month or year");
    asked.period = *period;
  } else if (p.name == "timezone") {
    asked.zone = p.value;
  } else {
    return wrong(p.name, "is not known here");
  }
  return {};
}

Result<Asked> read(const Request& request) {
  Asked asked;
  auto service = ngsiv2::read_service(request.headers);
  if (!service) return fail(service.error());
  asked.tenant = std::move(*service);
  auto paths = ngsiv2::read_service_paths(request.headers, request.method);
  if (!paths) return fail(paths.error());
  asked.query.scope = {std::move(*paths)};
  asked.query.id = request.path_parameters.at(0);
  if (request.path_parameters.size() > 1) asked.query.attributes = {request.path_parameters[1]};
  auto parameters = request.query_parameters();
  if (!parameters) return fail(parameters.error());
  for (const net::QueryParameter& p : *parameters) {
    if (auto ok = read_parameter(p, asked); !ok) return fail(ok.error());
  }
  if (asked.methods && asked.query.attributes.empty()) return wrong("attrs", "must name the attributes to aggregate");
  return asked;
}

void write_entity(JsonWriter& json, const std::string& id, const HistoryEntity& entity) {
  json.key("entityId").string(id).key("entityType").string(entity.type).key("servicePath").string(entity.service_path);
  if (entity.removed) json.key("removed").boolean(true);
}

std::string render(const std::string& id, const HistoryPage& page) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write_entity(json, id, page.entity);
  json.key("attributes").begin_array();
  for (std::size_t i = 0; i < page.values.size();) {
    const std::string& attribute = page.values[i].attribute;
    json.begin_object().key("attrName").string(attribute).key("values").begin_array();
    for (; i < page.values.size() && page.values[i].attribute == attribute; ++i) {
      const HistoryValue& v = page.values[i];
      json.begin_object().key("observedAt").string(to_iso8601_milliseconds(v.observed));
      json.key("recordedAt").string(to_iso8601_milliseconds(v.recorded));
      if (v.removed) {
        json.key("removed").boolean(true);
      } else {
        json.key("type").string(v.type).key("value").raw(v.value);
        if (v.metadata) json.key("metadata").raw(*v.metadata);
      }
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return body;
}

void write_numbers(JsonWriter& json, const HistoryAggregate& a, const std::vector<std::string>& methods) {
  for (const std::string& method : methods) {
    json.key(method);
    if (method == "count") json.integer(a.count);
    if (method == "min") json.number(a.minimum);
    if (method == "max") json.number(a.maximum);
    if (method == "sum") json.number(a.sum);
    if (method == "avg") json.number(a.average());
  }
}

std::string render(const std::string& id, const AggregatePage& page, const std::vector<std::string>& methods) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write_entity(json, id, page.entity);
  json.key("attributes").begin_array();
  for (std::size_t i = 0; i < page.aggregates.size();) {
    const std::string& attribute = page.aggregates[i].attribute;
    json.begin_object().key("attrName").string(attribute).key("periods").begin_array();
    for (; i < page.aggregates.size() && page.aggregates[i].attribute == attribute; ++i) {
      json.begin_object().key("start").string(to_iso8601_milliseconds(page.aggregates[i].start));
      write_numbers(json, page.aggregates[i], methods);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return body;
}

Task<Response> answer(const Services* services, Request* request) {
  auto asked = read(*request);
  if (!asked) co_return net::problem_details(asked.error(), *request);
  const LoopServices& here = services->here();
  auto tenant = co_await here.tenants.find(asked->tenant);
  if (!tenant) co_return net::problem_details(tenant.error(), *request);
  if (!*tenant)
    co_return net::problem_details({ErrorCode::not_found, "nothing has been written to this tenant", "Fiware-Service"},
                                   *request);
  asked->query.tenant = (*tenant)->id;
  const std::string id = asked->query.id;
  if (asked->methods) {
    auto page = co_await here.history.aggregates(std::move(asked->query), asked->period, std::move(asked->zone));
    if (!page) co_return net::problem_details(page.error(), *request);
    co_return Response::json(200, render(id, *page, *asked->methods));
  }
  auto page = co_await here.history.values(std::move(asked->query));
  if (!page) co_return net::problem_details(page.error(), *request);
  co_return Response::json(200, render(id, *page));
}

}  // namespace

net::RouteGroup history_routes(const Services& services) {
  const auto handler = [&services](Request& request) { return answer(&services, &request); };
  const net::Permission read_history("broker.history.read");
  std::vector<net::Route> routes;
  routes.emplace_back(net::Method::get, "/history/entities/{entityId}", net::Operation("retrieveEntityHistory"),
                      read_history, net::DataClass::internal, net::LimitClass::query, handler);
  routes.emplace_back(net::Method::get, "/history/entities/{entityId}/attrs/{attrName}",
                      net::Operation("retrieveAttributeHistory"), read_history, net::DataClass::internal,
                      net::LimitClass::query, handler);
  return {"/history", net::problem_details, std::move(routes)};
}

}  // namespace machi::broker

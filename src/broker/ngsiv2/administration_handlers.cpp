#include <map>

#include "base/json_writer.h"
#include "base/log.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/usage.h"

// Orion's administration: who uses the broker how much, and how much it says in its log (doc/manuals/admin/metrics_api,
// statistics and management_api of Orion). What these say about Orion's own insides (semaphores, caches, trace levels)
// is not here.
namespace machi::broker::ngsiv2 {
namespace {

Result<std::string> parameter(const net::Request& request, std::string_view name) {
  const auto parameters = request.query_parameters();
  if (!parameters) return fail(parameters.error());
  for (const net::QueryParameter& p : *parameters) {
    if (p.name != name) continue;
    if (p.value.empty()) return errors::bad_request("Empty right-hand-side for URI param /" + p.name + "/");
    return p.value;
  }
  return std::string();
}

/// A path as Orion's statistics write it: `/v2/entities/{id}[/attrs]`.
std::string statistics_path(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"{entityId}", "{id}"},   {"{subscriptionId}", "{id}"}, {"{registrationId}", "{id}"},
      {"{attrName}", "{name}"}, {"{entityType}", "{type}"},
  };
  std::string out(path);
  for (const auto& [ours, theirs] : kNames) {
    if (const auto at = out.find(ours); at != std::string::npos) out.replace(at, ours.size(), theirs);
  }
  if (out == "/v2/entities/{id}" || out == "/v2/entities/{id}/attrs") return "/v2/entities/{id}[/attrs]";
  return out;
}

void write_counts(JsonWriter& json, const RequestCounts& counts) {
  std::map<std::string, std::map<std::string_view, std::uint64_t>> requests;
  for (const auto& [route, count] : counts.by_route) {
    requests[statistics_path(route->path)][net::name_of(route->method)] += count;
  }
  // The request that asks counts as well: it is answered only after this.
  requests["/statistics"]["GET"] += 1;
  json.begin_object();
  if (counts.json != 0) json.key("jsonRequests").integer(static_cast<std::int64_t>(counts.json));
  json.key("noPayloadRequests").integer(static_cast<std::int64_t>(counts.no_payload + 1));
  json.key("requests").begin_object();
  for (const auto& [path, methods] : requests) {
    json.key(path).begin_object();
    for (const auto& [method, count] : methods) json.key(method).integer(static_cast<std::int64_t>(count));
    json.end_object();
  }
  json.end_object();
  if (counts.text != 0) json.key("textRequests").integer(static_cast<std::int64_t>(counts.text));
  json.end_object();
}

std::int64_t seconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

Task<Result<net::Response>> retrieve_metrics(Call call, Context) {
  if (!call.settings->metrics) co_return errors::bad_request("metrics desactivated");
  const auto reset = parameter(*call.request, "reset");
  if (!reset) co_return fail(reset.error());
  Usage& usage = *call.settings->usage;
  co_return net::Response::json(200, render_traffic(*reset == "true" ? usage.take_traffic() : usage.traffic()));
}

Task<Result<net::Response>> reset_metrics(Call call, Context) {
  if (!call.settings->metrics) co_return errors::bad_request("metrics desactivated");
  call.settings->usage->take_traffic();
  co_return net::Response::empty(204);
}

Task<Result<net::Response>> retrieve_statistics(Call call, Context) {
  const Usage& usage = *call.settings->usage;
  const Timestamp time = now();
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (call.settings->statistics_counters) {
    json.key("counters");
    write_counts(json, usage.counts());
  }
  json.key("measuring_interval_in_secs").integer(seconds(time - usage.counting_since()));
  json.key("uptime_in_secs").integer(seconds(time - call.settings->started));
  json.end_object();
  co_return net::Response::json(200, std::move(body));
}

Task<Result<net::Response>> reset_statistics(Call call, Context) {
  call.settings->usage->reset_counts();
  co_return net::Response::json(200, R"({"message":"All statistics counter reset"})");
}

Task<Result<net::Response>> retrieve_log_level(Call, Context) {
  std::string level(log::name_of(log::level()));
  std::ranges::transform(level, level.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("level").string(level).end_object();
  co_return net::Response::json(200, std::move(body));
}

Task<Result<net::Response>> change_log_level(Call call, Context) {
  auto name = parameter(*call.request, "level");
  if (!name) co_return fail(std::move(name.error()));
  if (name->empty()) co_return errors::bad_request("log level missing");
  std::ranges::transform(*name, name->begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (*name == "warning") *name = "warn";
  const auto level = log::parse_level(*name);
  if (!level) co_return errors::bad_request("invalid log level");
  log::info("log level changed", {{"level", log::name_of(*level)}, {"correlator", call.request->correlator}});
  log::set_level(*level);
  co_return net::Response::empty(200);
}

}  // namespace machi::broker::ngsiv2

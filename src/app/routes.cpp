#include "app/routes.h"

#include <filesystem>
#include <optional>

#include "app/operations_routes.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "broker/declarations.h"
#include "broker/history/routes.h"
#include "broker/ngsiv2/routes.h"
#include "core/metrics.h"
#include "core/principal.h"
#include "net/static_files.h"

namespace machi::app {
namespace {

std::optional<net::Cors> cors(const Configuration& configuration) {
  if (configuration.ngsiv2.cors_origin.empty()) return {};
  return net::Cors{configuration.ngsiv2.cors_origin, std::chrono::seconds(configuration.ngsiv2.cors_max_age)};
}

/// Where the status page stands in a checkout and in an installation; empty if in neither.
std::filesystem::path built_status_page() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {"../../web/status/dist", "../share/machi/web/status"}) {
    if (std::filesystem::exists(program / place / "index.html", error)) return program / place;
  }
  return {};
}

Result<> add_status_page(std::vector<net::RouteGroup>& groups, const Configuration& configuration) {
  std::filesystem::path folder = configuration.web_folder;
  if (folder.empty()) folder = built_status_page();
  if (folder.empty()) {
    log::info("no status page: it has not been built (npm run build)");
    return {};
  }
  auto files = net::StaticFiles::load(folder);
  if (!files) return fail(files.error());
  groups.push_back({"/assets", net::problem_details,
                    (*files)->routes(net::Operation("getStatusPage"), net::Permission("web.read"))});
  return {};
}

std::string_view name_of(net::DataClass data_class) {
  constexpr std::array<std::string_view, 3> kNames{"open", "internal", "personal"};
  return kNames.at(static_cast<std::size_t>(data_class));
}

void write_group(JsonWriter& json, std::string_view listener, const net::RouteGroup& group) {
  for (const net::Route& route : group.routes) {
    json.begin_object().key("listener").string(listener);
    json.key("operation").string(route.operation.id);
    json.key("method").string(net::name_of(route.method));
    json.key("path").string(route.path);
    json.key("permission").string(route.permission.name);
    json.key("public").boolean(core::is_public(route.permission));
    json.key("dataClass").string(name_of(route.data_class));
    json.key("limitClass").string(core::name_of(route.limit_class));
    json.end_object();
  }
}

}  // namespace

Result<std::vector<net::RouteGroup>> api_routes(const ApiParts& parts, const Configuration& configuration) {
  std::vector<net::RouteGroup> groups;
  broker::ngsiv2::Settings settings{.version = MACHI_VERSION, .started = now(), .usage = parts.usage};
  settings.statistics_counters = configuration.ngsiv2.statistics_counters;
  settings.metrics = configuration.ngsiv2.metrics;
  settings.mqtt_failure_reason = configuration.ngsiv2.mqtt_failure_reason;
  groups.push_back(broker::ngsiv2::routes(parts.services, std::move(settings), cors(configuration)));
  groups.push_back(broker::history_routes(parts.services));
  groups.push_back(core::resource_routes(parts.resources, parts.staff));
  groups.push_back(core::audit_routes(parts.staff));
  if (auto added = add_status_page(groups, configuration); !added) return fail(added.error());
  return groups;
}

Result<std::string> list_routes(const Configuration& configuration) {
  const broker::Services services;
  const core::Metrics metrics;
  const core::ResourceCatalogue resources(broker::declarations());
  const PerLoop<core::StaffServices> staff;
  const auto api = api_routes({services, std::make_shared<broker::Usage>(), resources, staff}, configuration);
  if (!api) return fail(api.error());
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const net::RouteGroup& group : *api) write_group(json, "api", group);
  write_group(json, "operations", operations_routes({&metrics, {}, {}}));
  json.end_array();
  return out;
}

}  // namespace machi::app

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>

#include "base/json_writer.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/ngsiv2/page.h"
#include "broker/ngsiv2/render_types.h"

namespace machi::broker::ngsiv2 {
namespace {

Task<Result<std::vector<EntityTypeSummary>>> find_types(Call call, Context context, std::optional<std::string> only,
                                                        bool attributes) {
  if (!context.tenant) co_return std::vector<EntityTypeSummary>();
  const TenantId tenant = context.tenant->id;
  co_return co_await call.services->here().entities.types(tenant, context.scope(), std::move(only), attributes);
}

std::string uptime(std::chrono::microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return fmt::format("{} d, {} h, {} m, {} s", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

const std::string& machine() {
  static const std::string name = [] {
    utsname found{};
    return std::string(uname(&found) == 0 ? found.machine : "unknown");
  }();
  return name;
}

}  // namespace

Task<Result<net::Response>> list_types(Call call, Context context) {
  const bool names_only = context.has(Option::values);
  const bool counts = context.has(Option::count);
  const Parameters parameters = context.parameters();
  auto types = co_await find_types(call, std::move(context), std::nullopt, !names_only);
  if (!types) co_return fail(std::move(types.error()));
  const auto total = static_cast<std::int64_t>(types->size());
  const TypeForm form{.names_only = names_only, .hide_attribute_types = parameters.has(Option::no_attr_detail)};
  std::string body = render_types(*types, parameters.offset, parameters.limit, form);
  co_return list_response(std::move(body), counts ? std::optional(total) : std::nullopt);
}

Task<Result<net::Response>> retrieve_type(Call call, Context context) {
  std::string type = call.request->path_parameters.at(0);
  if (type.empty()) co_return errors::bad_request("entity type length: 0, min length supported: 1");
  const TypeForm form{.hide_attribute_types = context.has(Option::no_attr_detail)};
  auto types = co_await find_types(call, std::move(context), std::move(type), true);
  if (!types) co_return fail(std::move(types.error()));
  if (types->empty()) co_return fail(ErrorCode::not_found, "Entity type not found");
  co_return net::Response::json(200, render_type(types->front(), form));
}

Task<Result<net::Response>> entry_points(Call, Context) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("entities_url").string("/v2/entities");
  json.key("types_url").string("/v2/types");
  json.key("subscriptions_url").string("/v2/subscriptions");
  json.key("registrations_url").string("/v2/registrations");
  json.end_object();
  co_return net::Response::json(200, std::move(body));
}

// Clients look for the member "orion" and read it line by line: its form is part of the interface.
Task<Result<net::Response>> version(Call call, Context) {
  const Settings& settings = *call.settings;
  const std::pair<std::string_view, std::string> facts[] = {
      {"version", settings.version}, {"uptime", uptime(now() - settings.started)},
      {"git_hash", "nogitversion"},  {"compile_time", ""},
      {"compiled_by", "machi"},      {"compiled_in", ""},
      {"release_date", ""},          {"machine", machine()},
      {"doc", "docs/quickstart.md"},
  };
  std::string body = "{\n\"orion\" : {\n";
  for (const auto& fact : facts) {
    body += "  \"";
    body += fact.first;
    body += "\" : ";
    JsonWriter::append_quoted(body, fact.second);
    body += &fact == std::end(facts) - 1 ? "\n" : ",\n";
  }
  body += "}\n}\n";
  co_return net::Response::json(200, std::move(body));
}

}  // namespace machi::broker::ngsiv2

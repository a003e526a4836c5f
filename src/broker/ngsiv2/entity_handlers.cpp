#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/ngsiv2/page.h"
#include "broker/ngsiv2/query_building.h"

namespace machi::broker::ngsiv2 {
namespace {

// Id, type and service path share one key of Orion's database, which has a limit; clients know it.
constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kKeyOverheadBytes = 10;

Result<> check_key_length(const EntityBody& entity, const Context& context) {
  std::size_t path = 0;
  for (const std::string& p : context.preamble.service_paths) path += p.size();
  if (path + entity.id.size() + entity.type->size() + kKeyOverheadBytes < kMaxKeyBytes) return {};
  return errors::bad_request("Too long entity id/type/servicePath combination");
}

std::string location_of(const std::string& id, const std::string& type) {
  constexpr std::string_view kKept = "!$'()*+,;=:@%";
  return "/v2/entities/" + net::percent_encode(id, kKept) + "?type=" + net::percent_encode(type, kKept);
}

Task<Result<net::Response>> show(Call call, Context context, bool hide_identity) {
  auto id = entity_id(call, context);
  if (!id) co_return fail(std::move(id.error()));
  auto entity = co_await find_one(call, context, std::move(*id));
  if (!entity) co_return fail(std::move(entity.error()));
  RenderOptions options = render_options(context.parameters());
  options.hide_identity = hide_identity;
  std::string body;
  body.reserve(entity->document.size() + 256);
  render_entity(row_of(*entity), options, body);
  co_return net::Response::json(200, std::move(body));
}

/// POST, PATCH and PUT of attributes.
Task<Result<net::Response>> change_attributes(Call call, Context context, ChangeAction action) {
  auto id = entity_id(call, context);
  if (!id) co_return fail(std::move(id.error()));
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto attributes = parse_attributes(call.request->body, body_form(context));
  if (!attributes) co_return fail(std::move(attributes.error()));
  EntityChange change{.id = std::move(*id), .action = action, .attributes = std::move(*attributes)};
  if (!context.parameters().type.empty()) change.type = context.parameters().type;
  auto outcome = co_await write(call, std::move(context), std::move(change));
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return net::Response::empty(204);
}

}  // namespace

Task<Result<net::Response>> list_entities(Call call, Context context) {
  auto query = build_query(context.parameters(), context.rules);
  if (!query) co_return fail(std::move(query.error()));
  RenderOptions options = render_options(context.parameters());
  co_return co_await answer_page(call, std::move(context), std::move(*query), std::move(options));
}

Task<Result<net::Response>> create_entity(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto entity = parse_entity(call.request->body, body_form(context));
  if (!entity) co_return fail(std::move(entity.error()));
  if (auto ok = check_key_length(*entity, context); !ok) co_return fail(std::move(ok.error()));
  const bool upsert = context.has(Option::upsert);
  const std::string location = location_of(entity->id, *entity->type);
  EntityChange change{.id = std::move(entity->id), .type = std::move(entity->type)};
  change.action = upsert ? ChangeAction::upsert : ChangeAction::create;
  change.attributes = std::move(entity->attributes);
  auto outcome = co_await write(call, std::move(context), std::move(change));
  if (!outcome) co_return fail(std::move(outcome.error()));
  net::Response response = net::Response::empty(upsert ? 204 : 201);
  response.headers.add("Location", location);
  co_return response;
}

Task<Result<net::Response>> retrieve_entity(Call call, Context context) {
  co_return co_await show(call, std::move(context), false);
}

Task<Result<net::Response>> retrieve_attributes(Call call, Context context) {
  co_return co_await show(call, std::move(context), true);
}

Task<Result<net::Response>> append_attributes(Call call, Context context) {
  const ChangeAction action = context.has(Option::append) ? ChangeAction::append_strict : ChangeAction::append;
  co_return co_await change_attributes(call, std::move(context), action);
}

Task<Result<net::Response>> update_attributes(Call call, Context context) {
  co_return co_await change_attributes(call, std::move(context), ChangeAction::update);
}

Task<Result<net::Response>> replace_attributes(Call call, Context context) {
  co_return co_await change_attributes(call, std::move(context), ChangeAction::replace);
}

Task<Result<net::Response>> remove_entity(Call call, Context context) {
  auto id = entity_id(call, context);
  if (!id) co_return fail(std::move(id.error()));
  EntityChange change{.id = std::move(*id), .action = ChangeAction::remove_entity};
  if (!context.parameters().type.empty()) change.type = context.parameters().type;
  auto outcome = co_await write(call, std::move(context), std::move(change));
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return net::Response::empty(204);
}

}  // namespace machi::broker::ngsiv2

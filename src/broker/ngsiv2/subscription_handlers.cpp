#include "broker/ngsiv2/subscription_handlers.h"

#include "base/ids.h"
#include "broker/ngsiv2/declaration_request.h"
#include "broker/ngsiv2/page.h"
#include "broker/subscription/subscription_json.h"
#include "broker/subscription/subscription_parser.h"
#include "broker/subscription/subscription_store.h"

namespace machi::broker::ngsiv2 {
namespace {

Failure unknown_subscription() {
  return fail(ErrorCode::not_found, "The requested subscription has not been found. Check id");
}

}  // namespace

Task<Result<net::Response>> list_subscriptions(Call call, Context context) {
  auto path = declared_path(context, "/#");
  if (!path) co_return fail(std::move(path.error()));
  SubscriptionPage page;
  if (context.tenant) {
    const Parameters& p = context.parameters();
    const std::optional<std::string> only = *path == "/#" ? std::nullopt : std::optional(*path);
    auto listed = co_await call.services->here().subscriptions.list(context.tenant->id, only, p.limit, p.offset);
    if (!listed) co_return fail(std::move(listed.error()));
    page = std::move(*listed);
  }
  std::string body = "[";
  const Timestamp present = now();
  for (const Subscription& subscription : page.subscriptions) {
    if (body.size() > 1) body += ',';
    append_subscription(body, subscription, present, call.settings->mqtt_failure_reason);
  }
  body += ']';
  co_return list_response(std::move(body), context.has(Option::count) ? std::optional(page.total) : std::nullopt);
}

Task<Result<net::Response>> create_subscription(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto path = declared_path(context, "/#");
  if (!path) co_return fail(std::move(path.error()));
  auto subscription = parse_subscription(call.request->body, context.rules);
  if (!subscription) co_return fail(std::move(subscription.error()));
  auto tenant = co_await call.services->here().tenants.find_or_create(context.service, actor_of(call));
  if (!tenant) co_return fail(std::move(tenant.error()));
  const Actor actor = actor_of(call);
  subscription->tenant = tenant->id;
  subscription->id = time_ordered_id();
  subscription->service_path = std::move(*path);
  subscription->owner = actor.principal;
  net::Response response = net::Response::empty(201);
  response.headers.add("Location", "/v2/subscriptions/" + subscription->id);
  auto created = co_await call.services->here().subscriptions.create(std::move(*subscription), actor);
  if (!created) co_return fail(std::move(created.error()));
  co_return response;
}

Task<Result<net::Response>> retrieve_subscription(Call call, Context context) {
  auto id = declaration_id(call, "subscription");
  if (!id) co_return fail(std::move(id.error()));
  if (!context.tenant) co_return unknown_subscription();
  auto subscription = co_await call.services->here().subscriptions.get(context.tenant->id, std::move(*id));
  if (!subscription) co_return fail(std::move(subscription.error()));
  if (is_elsewhere(context, subscription->service_path)) co_return unknown_subscription();
  std::string body;
  append_subscription(body, *subscription, now(), call.settings->mqtt_failure_reason);
  co_return net::Response::json(200, std::move(body));
}

Task<Result<net::Response>> update_subscription(Call call, Context context) {
  auto id = declaration_id(call, "subscription");
  if (!id) co_return fail(std::move(id.error()));
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  if (!context.tenant) co_return unknown_subscription();
  // A service path in the header moves the subscription there; without one it stays where it is.
  auto path = declared_path(context, "");
  if (!path) co_return fail(std::move(path.error()));
  const auto patch = [body = call.request->body, rules = context.rules, path](Subscription& subscription) {
    if (!path->empty()) subscription.service_path = *path;
    return patch_subscription(subscription, body, rules);
  };
  auto updated =
      co_await call.services->here().subscriptions.update(context.tenant->id, std::move(*id), patch, actor_of(call));
  if (!updated) co_return fail(std::move(updated.error()));
  co_return net::Response::empty(204);
}

Task<Result<net::Response>> remove_subscription(Call call, Context context) {
  auto id = declaration_id(call, "subscription");
  if (!id) co_return fail(std::move(id.error()));
  if (!context.tenant) co_return unknown_subscription();
  auto removed =
      co_await call.services->here().subscriptions.remove(context.tenant->id, std::move(*id), actor_of(call));
  if (!removed) co_return fail(std::move(removed.error()));
  co_return net::Response::empty(204);
}

}  // namespace machi::broker::ngsiv2

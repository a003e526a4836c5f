#include "broker/ngsiv2/registration_handlers.h"

#include "base/ids.h"
#include "broker/ngsiv2/declaration_request.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/page.h"
#include "broker/registration/registration_store.h"

namespace machi::broker::ngsiv2 {

using errors::unknown_registration;

Task<Result<net::Response>> list_registrations(Call call, Context context) {
  auto path = declared_path(context, "/");
  if (!path) co_return fail(std::move(path.error()));
  RegistrationPage page;
  if (context.tenant) {
    const Parameters& p = context.parameters();
    const std::optional<std::string> only =
        context.preamble.service_paths.empty() || *path == "/#" ? std::nullopt : std::optional(*path);
    auto listed = co_await call.services->here().registrations.list(context.tenant->id, only, p.limit, p.offset);
    if (!listed) co_return fail(std::move(listed.error()));
    page = std::move(*listed);
  }
  std::string body = "[";
  const Timestamp present = now();
  for (const Registration& registration : page.registrations) {
    if (body.size() > 1) body += ',';
    render_registration(registration, present, body);
  }
  body += ']';
  co_return list_response(std::move(body), context.has(Option::count) ? std::optional(page.total) : std::nullopt);
}

Task<Result<net::Response>> create_registration(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto path = path_of_write(context.preamble.service_paths);
  if (!path) co_return fail(std::move(path.error()));
  auto registration = parse_registration(call.request->body, context.rules);
  if (!registration) co_return fail(std::move(registration.error()));
  auto tenant = co_await call.services->here().tenants.find_or_create(context.service, actor_of(call));
  if (!tenant) co_return fail(std::move(tenant.error()));
  const Actor actor = actor_of(call);
  registration->tenant = tenant->id;
  registration->id = time_ordered_id();
  registration->service_path = std::move(*path);
  registration->owner = actor.principal;
  net::Response response = net::Response::empty(201);
  response.headers.add("Location", "/v2/registrations/" + registration->id);
  auto created = co_await call.services->here().registrations.create(std::move(*registration), actor);
  if (!created) co_return fail(std::move(created.error()));
  co_return response;
}

Task<Result<net::Response>> retrieve_registration(Call call, Context context) {
  auto id = declaration_id(call, "registration");
  if (!id) co_return fail(std::move(id.error()));
  if (!context.tenant) co_return unknown_registration();
  auto registration = co_await call.services->here().registrations.get(context.tenant->id, std::move(*id));
  if (!registration) co_return fail(std::move(registration.error()));
  if (is_elsewhere(context, registration->service_path)) co_return unknown_registration();
  std::string body;
  render_registration(*registration, now(), body);
  co_return net::Response::json(200, std::move(body));
}

Task<Result<net::Response>> update_registration(Call call, Context context) {
  auto id = declaration_id(call, "registration");
  if (!id) co_return fail(std::move(id.error()));
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  if (!context.tenant) co_return unknown_registration();
  const auto patch = [body = call.request->body, rules = context.rules](Registration current) {
    return patch_registration(std::move(current), body, rules);
  };
  auto updated =
      co_await call.services->here().registrations.update(context.tenant->id, std::move(*id), patch, actor_of(call));
  if (!updated) co_return fail(std::move(updated.error()));
  co_return net::Response::empty(204);
}

Task<Result<net::Response>> remove_registration(Call call, Context context) {
  auto id = declaration_id(call, "registration");
  if (!id) co_return fail(std::move(id.error()));
  if (!context.tenant) co_return unknown_registration();
  auto removed =
      co_await call.services->here().registrations.remove(context.tenant->id, std::move(*id), actor_of(call));
  if (!removed) co_return fail(std::move(removed.error()));
  co_return net::Response::empty(204);
}

}  // namespace machi::broker::ngsiv2

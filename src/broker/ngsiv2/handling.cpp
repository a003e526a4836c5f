#include "broker/ngsiv2/handling.h"

#include <algorithm>

#include "broker/ngsiv2/declaration_request.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/forwarding.h"
#include "core/principal.h"

namespace machi::broker::ngsiv2 {
namespace {

Task<Result<Context>> open(Call call, Reach reach) {
  auto service = read_service(call.request->headers);
  if (!service) co_return fail(std::move(service.error()));
  TenantDirectory& tenants = call.services->here().tenants;
  Context context{.service = std::move(*service)};
  if (reach == Reach::tenant) {
    auto tenant = co_await tenants.find(context.service);
    if (!tenant) co_return fail(std::move(tenant.error()));
    context.tenant = std::move(*tenant);
  }
  const TenantSettings settings = context.tenant ? context.tenant->settings : tenants.options().defaults;
  context.rules.forbid_characters = settings.orion_forbidden_characters;
  auto preamble = read_preamble(*call.request, context.rules);
  if (!preamble) co_return fail(std::move(preamble.error()));
  context.preamble = std::move(*preamble);
  co_return context;
}

/// An error is told as text to those who take nothing else.
net::Response refusal(const Error& error, const net::Request& request) {
  net::Response response = render_error(error);
  const auto accept = read_accept(request.headers);
  if (accept && !accept->json) response.headers.set("Content-Type", "text/plain");
  return response;
}

Task<net::Response> run(Call call, Operation operation, Reach reach, std::shared_ptr<const Settings> settings) {
  call.settings = settings.get();
  auto context = co_await open(call, reach);
  if (!context) co_return refusal(context.error(), *call.request);
  auto response = co_await operation(call, std::move(*context));
  if (!response) co_return refusal(response.error(), *call.request);
  co_return std::move(*response);
}

bool is_wanted(const StoredEntity& entity, const Context& context, const ScopeFilter& scope) {
  const std::string& type = context.parameters().type;
  return (type.empty() || entity.type == type) && scope.admits(entity.service_path);
}

}  // namespace

net::Handler handler(const Services& services, std::shared_ptr<const Settings> settings, Operation operation,
                     Reach reach) {
  return [&services, settings = std::move(settings), operation, reach](net::Request& request) {
    return run({.services = &services, .request = &request}, operation, reach, settings);
  };
}

Result<std::string> identifier_in_path(const Call& call, std::size_t index, std::string_view what, Rules rules) {
  std::string text = call.request->path_parameters.at(index);
  if (text.empty()) return errors::bad_request(std::string(what) + " length: 0, min length supported: 1");
  if (has_bad_identifier_characters(text, rules)) return errors::invalid_uri();
  return text;
}

Result<std::string> entity_id(const Call& call, const Context& context) {
  return identifier_in_path(call, 0, "entity id", context.rules);
}

Result<std::string> attribute_name(const Call& call, const Context& context) {
  return identifier_in_path(call, 1, "attribute name", context.rules);
}

Result<> require_json(const Context& context) {
  if (context.preamble.content_type == ContentType::json) return {};
  return fail(ErrorCode::unsupported_media_type, "not supported content type: text/plain");
}

BodyForm body_form(const Context& context) {
  const bool key_values = context.has(Option::key_values);
  return {key_values ? AttributeForm::key_values : AttributeForm::normalized, context.rules};
}

RenderOptions render_options(const Parameters& parameters) {
  RenderOptions out{.attrs = NameFilter(parameters.attrs), .metadata = NameFilter(parameters.metadata)};
  if (parameters.has(Option::key_values)) out.form = Form::key_values;
  if (parameters.has(Option::values)) out.form = Form::values;
  if (parameters.has(Option::unique)) out.form = Form::unique;
  return out;
}

Task<Result<WriteScope>> open_for_writing(Call call, Context context) {
  auto path = path_of_write(context.preamble.service_paths);
  if (!path) co_return fail(std::move(path.error()));
  if (context.tenant) co_return WriteScope{context.tenant->id, std::move(*path)};
  auto tenant = co_await call.services->here().tenants.find_or_create(context.service, actor_of(call));
  if (!tenant) co_return fail(std::move(tenant.error()));
  co_return WriteScope{tenant->id, std::move(*path)};
}

void stamp(EntityChange& change, const WriteScope& scope, const Call& call, const Context& context) {
  change.tenant = scope.tenant;
  change.service_path = scope.service_path;
  change.override_metadata = context.has(Option::override_metadata);
  change.forced = context.has(Option::forced_update);
  change.correlator = call.request->correlator;
  call.services->here().tokens.put(change.correlator, call.request->headers.get("X-Auth-Token"));
  if (call.request->principal) change.principal = call.request->principal->subject;
}

Task<Result<ChangeOutcome>> write(Call call, Context context, EntityChange change) {
  auto scope = co_await open_for_writing(call, context);
  if (!scope) co_return fail(std::move(scope.error()));
  stamp(change, *scope, call, context);
  std::vector<EntityChange> kept;
  auto forwardable = co_await may_forward(call, context, change.action);
  if (forwardable) kept.push_back(change);
  auto outcome = co_await call.services->here().entities.change(std::move(change));
  if (outcome && !outcome->refused) co_return outcome;
  Error refusal = outcome ? std::move(*outcome->refused) : std::move(outcome.error());
  if (refusal.code == ErrorCode::too_many_results) co_return fail(errors::too_many_results());
  if (!forwardable || !is_unmet(refusal)) co_return fail(std::move(refusal));
  auto forwarded = co_await forward_updates(call, std::move(context), std::move(kept));
  if (!forwarded.concerned) co_return fail(std::move(refusal));
  if (forwarded.error) co_return fail(std::move(*forwarded.error));
  co_return ChangeOutcome{};
}

Task<Result<StoredEntity>> find_one(Call call, Context context, std::string id) {
  if (!context.tenant) co_return fail(errors::entity_not_found());
  auto found = co_await call.services->here().entities.find(context.tenant->id, id);
  if (!found) co_return fail(std::move(found.error()));
  const ScopeFilter scope = context.scope();
  std::erase_if(*found, [&](const StoredEntity& e) { return !is_wanted(e, context, scope); });
  if (found->size() > 1) co_return fail(errors::too_many_results());
  const std::optional<StoredEntity> local = found->empty() ? std::nullopt : std::optional(found->front());
  auto completed = co_await complete_entity(call, context, std::move(id), local);
  if (!completed) co_return fail(std::move(completed.error()));
  if (*completed) co_return std::move(**completed);
  if (!local) co_return fail(errors::entity_not_found());
  co_return *local;
}

bool is_unmet(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::unprocessable ||
         error.code == ErrorCode::partial_update;
}

EntityRow row_of(const StoredEntity& entity) {
  return {.id = entity.id,
          .type = entity.type,
          .service_path = entity.service_path,
          .document = entity.document,
          .created = entity.created,
          .modified = entity.modified};
}

}  // namespace machi::broker::ngsiv2

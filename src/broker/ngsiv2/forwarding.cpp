#include "broker/ngsiv2/forwarding.h"

#include <algorithm>

#include "broker/ngsiv2/errors.h"
#include "broker/registration/registration_store.h"

namespace machi::broker::ngsiv2 {
namespace {

ForwardContext forward_context(const Call& call, const Context& context) {
  const net::Headers& headers = call.request->headers;
  ForwardContext forward;
  forward.tenant = context.tenant ? context.tenant->id : TenantId{};
  forward.tenant_name = context.service;
  forward.service_path = std::string(headers.get("Fiware-ServicePath"));
  forward.auth_token = std::string(headers.get("X-Auth-Token"));
  forward.correlator = call.request->correlator;
  return forward;
}

/// Whether providers have a say in the question. Reads the registrations again if they may have changed.
Task<Result<bool>> is_concerned(Call call, Context context, ForwardQuestion question) {
  if (!context.tenant || context.has(Option::skip_forwarding)) co_return false;
  const LoopServices& here = call.services->here();
  auto fresh = co_await here.registrations.refresh();
  if (!fresh) co_return fail(std::move(fresh.error()));
  co_return here.forwarder.concerns(context.tenant->id, question);
}

Result<std::vector<Entity>> parse_all(const std::vector<StoredEntity>& stored, TenantId tenant) {
  std::vector<Entity> entities;
  for (const StoredEntity& s : stored) {
    auto entity = s.parse(tenant);
    if (!entity) return fail(std::move(entity.error()));
    entities.push_back(std::move(*entity));
  }
  return entities;
}

bool is_forwardable(ChangeAction action) {
  return action == ChangeAction::update || action == ChangeAction::replace;
}

/// The attributes of the change that the local entity does not have.
UnmetUpdate unmet_of(EntityChange change, const Entity* local) {
  UnmetUpdate unmet;
  unmet.id = std::move(change.id);
  unmet.type = local != nullptr ? local->type : change.type.value_or("");
  for (AttributeChange& attribute : change.attributes) {
    if (local != nullptr && local->find(attribute.name) != nullptr) {
      unmet.applied_some = true;
    } else {
      unmet.attributes.push_back(std::move(attribute));
    }
  }
  return unmet;
}

}  // namespace

Task<Result<std::optional<LocalEntities>>> complete_page(Call call, Context context, query::Query query,
                                                         std::vector<std::string> attributes) {
  ForwardQuestion question{query.scope, query.selectors, std::move(attributes), query.limit, query.offset};
  auto concerned = co_await is_concerned(call, context, question);
  if (!concerned) co_return fail(std::move(concerned.error()));
  if (!*concerned) co_return std::optional<LocalEntities>();
  query.count = true;  // providers' entities stand behind all local ones
  auto page = co_await call.services->here().entities.query(std::move(query));
  if (!page) co_return fail(std::move(page.error()));
  auto entities = parse_all(page->entities, context.tenant->id);
  if (!entities) co_return fail(std::move(entities.error()));
  LocalEntities local{std::move(*entities), page->total.value_or(0)};
  Forwarder& forwarder = call.services->here().forwarder;
  auto completed = co_await forwarder.query(std::move(question), std::move(local), forward_context(call, context));
  co_return std::optional(std::move(completed));
}

Task<Result<std::optional<StoredEntity>>> complete_entity(Call call, Context context, std::string id,
                                                          std::optional<StoredEntity> local) {
  ForwardQuestion question;
  question.scope = context.scope();
  query::EntitySelector selector;
  selector.ids = {std::move(id)};
  if (!context.parameters().type.empty()) selector.types = {context.parameters().type};
  question.selectors.push_back(std::move(selector));
  question.attributes = context.parameters().attrs;
  if (call.request->path_parameters.size() > 1) question.attributes = {call.request->path_parameters[1]};
  auto concerned = co_await is_concerned(call, context, question);
  if (!concerned) co_return fail(std::move(concerned.error()));
  if (!*concerned) co_return std::optional<StoredEntity>();
  LocalEntities known;
  if (local) {
    auto entity = local->parse(context.tenant->id);
    if (!entity) co_return fail(std::move(entity.error()));
    known.page.push_back(std::move(*entity));
    known.total = 1;
  }
  Forwarder& forwarder = call.services->here().forwarder;
  auto completed = co_await forwarder.query(std::move(question), std::move(known), forward_context(call, context));
  if (completed.page.empty()) co_return fail(errors::entity_not_found());
  if (completed.page.size() > 1) co_return fail(errors::too_many_results());
  co_return std::optional(stored_of(std::move(completed.page.front())));
}

StoredEntity stored_of(Entity entity) {
  struct Made {
    Entity entity;
    std::string document;
  };
  auto made = std::make_shared<Made>();
  made->document = to_document(entity.attributes);
  made->entity = std::move(entity);
  StoredEntity stored;
  stored.id = made->entity.id;
  stored.type = made->entity.type;
  stored.service_path = made->entity.service_path;
  stored.document = made->document;
  stored.created = made->entity.created;
  stored.modified = made->entity.modified;
  stored.expires = made->entity.expires;
  stored.owner = std::move(made);
  return stored;
}

Task<bool> may_forward(Call call, Context context, ChangeAction action) {
  if (!context.tenant || !is_forwardable(action) || context.has(Option::skip_forwarding)) co_return false;
  const LoopServices& here = call.services->here();
  auto fresh = co_await here.registrations.refresh();
  co_return fresh && !here.registrations.book().of(context.tenant->id).empty();
}

Task<ForwardedUpdate> forward_updates(Call call, Context context, std::vector<EntityChange> refused) {
  const LoopServices& here = call.services->here();
  std::vector<UnmetUpdate> unmet;
  for (EntityChange& change : refused) {
    auto found = co_await here.entities.find(context.tenant->id, change.id);
    if (!found) co_return ForwardedUpdate{true, std::move(found.error())};
    const auto is_another = [&](const StoredEntity& e) {
      return e.service_path != change.service_path || (change.type && e.type != *change.type);
    };
    std::erase_if(*found, is_another);
    std::optional<Entity> local;
    if (found->size() == 1) {
      auto parsed = found->front().parse(context.tenant->id);
      if (parsed) local = std::move(*parsed);
    }
    unmet.push_back(unmet_of(std::move(change), local ? &*local : nullptr));
  }
  const ForwardContext forward = forward_context(call, context);
  UpdatePlan plan = here.forwarder.plan(forward, std::move(unmet));
  if (plan.forwards.empty()) co_return ForwardedUpdate{};
  auto verdict = co_await here.forwarder.update(std::move(plan), forward);
  if (verdict.kind == UpdateVerdict::Kind::done) co_return ForwardedUpdate{true, {}};
  if (verdict.kind == UpdateVerdict::Kind::not_found) co_return ForwardedUpdate{true, errors::entity_not_found()};
  co_return ForwardedUpdate{true, Error{ErrorCode::partially_forwarded, std::move(verdict.description)}};
}

}  // namespace machi::broker::ngsiv2

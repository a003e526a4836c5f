#include "broker/ngsiv2/batch_outcome.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/forwarding.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/ngsiv2/page.h"
#include "broker/ngsiv2/query_building.h"

namespace machi::broker::ngsiv2 {
namespace {

BatchItem to_item(std::string label, Result<ChangeOutcome> outcome) {
  if (outcome) return {std::move(label), std::move(outcome->refused)};
  if (outcome.error().code == ErrorCode::too_many_results) return {std::move(label), errors::too_many_results()};
  return {std::move(label), std::move(outcome.error())};
}

/// Applies every entity's change, one after the other, and gives what went wrong.
Task<Result<std::optional<Error>>> apply_batch(Call call, Context context, BatchUpdate batch) {
  auto scope = co_await open_for_writing(call, context);
  if (!scope) co_return fail(std::move(scope.error()));
  std::vector<EntityChange> changes;
  std::vector<std::string> labels;
  for (EntityBody& entity : batch.entities) {
    EntityChange change = to_change(std::move(entity), batch.action);
    stamp(change, *scope, call, context);
    labels.push_back(entity_label(change));
    changes.push_back(std::move(change));
  }
  std::vector<EntityChange> kept;
  const ChangeAction action = changes.empty() ? ChangeAction::append : changes.front().action;
  auto forwardable = co_await may_forward(call, context, action);
  if (forwardable) kept = changes;
  auto outcomes = co_await call.services->here().entities.change_all(std::move(changes));
  std::vector<BatchItem> items;
  std::vector<EntityChange> unmet;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    items.push_back(to_item(std::move(labels[i]), std::move(outcomes[i])));
    if (forwardable && items.back().refused && is_unmet(*items.back().refused)) unmet.push_back(std::move(kept[i]));
  }
  if (!unmet.empty()) {
    auto forwarded = co_await forward_updates(call, std::move(context), std::move(unmet));
    if (forwarded.concerned) co_return std::move(forwarded.error);
  }
  co_return merge_outcomes(items);
}

}  // namespace

Task<Result<net::Response>> batch_update(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto batch = parse_batch_update(call.request->body, body_form(context));
  if (!batch) co_return fail(std::move(batch.error()));
  auto refused = co_await apply_batch(call, std::move(context), std::move(*batch));
  if (!refused) co_return fail(std::move(refused.error()));
  if (*refused) co_return fail(std::move(**refused));
  co_return net::Response::empty(204);
}

Task<Result<net::Response>> notify(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  const std::string_view format = call.request->headers.get("Ngsiv2-AttrsFormat");
  auto entities = parse_notification(call.request->body, format, context.rules);
  if (!entities) co_return fail(std::move(entities.error()));
  BatchUpdate batch{BatchUpdate::Action::append, std::move(*entities)};
  auto refused = co_await apply_batch(call, std::move(context), std::move(batch));
  if (!refused) co_return fail(std::move(refused.error()));
  if (*refused) co_return fail(std::move(**refused));
  co_return net::Response::empty(200);
}

Task<Result<net::Response>> batch_query(Call call, Context context) {
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto body = parse_batch_query(call.request->body, context.rules);
  if (!body) co_return fail(std::move(body.error()));
  auto query = build_query(*body, context.parameters(), context.rules);
  if (!query) co_return fail(std::move(query.error()));
  RenderOptions options = render_options(context.parameters());
  options.attrs = NameFilter(body->attrs.empty() ? body->attributes : body->attrs);
  options.metadata = NameFilter(body->metadata);
  co_return co_await answer_page(call, std::move(context), std::move(*query), std::move(options));
}

}  // namespace machi::broker::ngsiv2

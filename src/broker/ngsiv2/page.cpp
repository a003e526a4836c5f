#include "broker/ngsiv2/page.h"

#include "broker/ngsiv2/forwarding.h"

namespace machi::broker::ngsiv2 {
namespace {

std::string render(const QueryPage& page, const RenderOptions& options) {
  std::string body = "[";
  for (const StoredEntity& entity : page.entities) {
    if (body.size() > 1) body += ',';
    render_entity(row_of(entity), options, body);
  }
  body += ']';
  return body;
}

}  // namespace

net::Response list_response(std::string body, std::optional<std::int64_t> total) {
  net::Response response = net::Response::json(200, std::move(body));
  if (total) response.headers.add_first("Fiware-Total-Count", std::to_string(*total));
  return response;
}

Task<Result<net::Response>> answer_page(Call call, Context context, query::Query query, RenderOptions options) {
  const bool counts = query.count;
  if (!context.tenant) co_return list_response("[]", counts ? std::optional<std::int64_t>(0) : std::nullopt);
  query.tenant = context.tenant->id;
  query.scope = context.scope();
  auto completed = co_await complete_page(call, context, query, options.attrs.names());
  if (!completed) co_return fail(std::move(completed.error()));
  if (*completed) {
    QueryPage provided;
    for (Entity& entity : (*completed)->page) provided.entities.push_back(stored_of(std::move(entity)));
    co_return list_response(render(provided, options), counts ? std::optional((*completed)->total) : std::nullopt);
  }
  auto page = co_await call.services->here().entities.query(std::move(query));
  if (!page) co_return fail(std::move(page.error()));
  co_return list_response(render(*page, options), counts ? page->total : std::nullopt);
}

}  // namespace machi::broker::ngsiv2

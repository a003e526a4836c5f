#include "broker/ngsiv2/page.h"

namespace machi::broker::ngsiv2 {

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
  auto page = co_await call.services->here().entities.query(std::move(query));
  if (!page) co_return fail(std::move(page.error()));
  std::string body = "[";
  for (const StoredEntity& entity : page->entities) {
    if (body.size() > 1) body += ',';
    render_entity(row_of(entity), options, body);
  }
  body += ']';
  co_return list_response(std::move(body), counts ? page->total : std::nullopt);
}

}  // namespace machi::broker::ngsiv2

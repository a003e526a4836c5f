// The parts of PostgresEntityStore that may look at many entities: lists and types.
#include <algorithm>

#include "broker/query/refinement.h"
#include "broker/query/sql.h"
#include "broker/store/postgres_entity_store.h"
#include "broker/store/statements.h"

namespace machi::broker {
namespace {

// $1 tenant, $2 exact paths, $3 roots of subtrees ('' is everything), $4 type or null.
constexpr std::string_view kTypeCounts = R"(
  select e.type, count(*) from machi.entity e
  where e.tenant = $1::int and ($4::text is null or e.type = $4::text) and (e.expires is null or e.expires > now())
    and (cardinality($2::text[]) + cardinality($3::text[]) = 0 or e.service_path = any($2::text[])
      or exists (select 1 from unnest($3::text[]) root where e.service_path = root or starts_with(e.service_path, root || '/')))
  group by e.type order by e.type)";

// Instances of one attribute (an array in the document) count once each.
constexpr std::string_view kTypeAttributes = R"(
  select e.type, a.key, i.instance ->> 'type' from machi.entity e
  cross join lateral jsonb_each(e.document::jsonb) a
  cross join lateral jsonb_array_elements(case jsonb_typeof(a.value) when 'array' then a.value else jsonb_build_array(a.value) end) i(instance)
  where e.tenant = $1::int and ($4::text is null or e.type = $4::text) and (e.expires is null or e.expires > now())
    and (cardinality($2::text[]) + cardinality($3::text[]) = 0 or e.service_path = any($2::text[])
      or exists (select 1 from unnest($3::text[]) root where e.service_path = root or starts_with(e.service_path, root || '/')))
  group by e.type, a.key, i.instance ->> 'type' order by e.type, a.key collate "C", (i.instance ->> 'type') collate "C")";

db::Parameters type_parameters(TenantId tenant, const ScopeFilter& scope, const std::optional<std::string>& only) {
  std::vector<std::string> exact;
  std::vector<std::string> roots;
  for (const std::string& path : scope.paths) {
    if (path.ends_with("/#")) {
      roots.push_back(path.substr(0, path.size() - 2));
    } else {
      exact.push_back(path);
    }
  }
  db::Parameters p;
  p.add(static_cast<int>(tenant.value))
      .add_array(std::span<const std::string>(exact))
      .add_array(std::span<const std::string>(roots));
  p.add(only);
  return p;
}

void add_attributes(std::vector<EntityTypeSummary>& summaries, const db::Rows& rows) {
  auto summary = summaries.begin();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view type = rows.text(row, 0);
    while (summary != summaries.end() && summary->type != type) ++summary;
    if (summary == summaries.end()) return;
    auto& attributes = summary->attributes;
    if (attributes.empty() || attributes.back().name != rows.text(row, 1))
      attributes.push_back({std::string(rows.text(row, 1)), {}});
    attributes.back().types.emplace_back(rows.text(row, 2));
  }
}

}  // namespace

Task<Result<QueryPage>> PostgresEntityStore::query(query::Query query) {
  query::Sql select = query::select_sql(query, statements::entity_columns());
  if (!select.exact) co_return co_await refine(std::move(query));
  QueryPage page;
  auto rows = co_await database_.slow(std::move(select.text), std::move(select.parameters));
  if (!rows) co_return fail(rows.error());
  for (std::size_t row = 0; row < rows->size(); ++row) page.entities.push_back(statements::entity_at(*rows, row));
  if (!query.count) co_return page;
  query::Sql count = query::count_sql(query);
  auto counted = co_await database_.slow(std::move(count.text), std::move(count.parameters));
  if (!counted) co_return fail(counted.error());
  page.total = counted->integer(0, 0);
  co_return page;
}

Task<Result<QueryPage>> PostgresEntityStore::refine(query::Query query) {
  auto refinement = query::Refinement::create(query);
  if (!refinement) co_return fail(refinement.error());
  QueryPage page;
  while (!refinement->is_done()) {
    if (refinement->is_exhausted()) {
      co_return fail(ErrorCode::unprocessable,
                     "the pattern would have to be tried on too many entities: narrow the query by type or id");
    }
    query::Sql select = query::select_sql(refinement->next_chunk(), statements::entity_columns());
    auto rows = co_await database_.slow(std::move(select.text), std::move(select.parameters));
    if (!rows) co_return fail(rows.error());
    for (std::size_t row = 0; row < rows->size(); ++row) {
      StoredEntity stored = statements::entity_at(*rows, row);
      auto entity = stored.parse(query.tenant);
      if (!entity) co_return fail(entity.error());
      if (refinement->admit(*entity)) page.entities.push_back(std::move(stored));
    }
    refinement->end_chunk(rows->size());
  }
  if (query.count) page.total = refinement->total();
  co_return page;
}

Task<Result<std::vector<EntityTypeSummary>>> PostgresEntityStore::types(TenantId tenant, ScopeFilter scope,
                                                                        std::optional<std::string> only,
                                                                        bool attributes) {
  auto counts = co_await database_.slow(std::string(kTypeCounts), type_parameters(tenant, scope, only));
  if (!counts) co_return fail(counts.error());
  std::vector<EntityTypeSummary> summaries;
  for (std::size_t row = 0; row < counts->size(); ++row) {
    summaries.push_back({std::string(counts->text(row, 0)), counts->integer(row, 1), {}});
  }
  if (!attributes || summaries.empty()) co_return summaries;
  auto rows = co_await database_.slow(std::string(kTypeAttributes), type_parameters(tenant, scope, only));
  if (!rows) co_return fail(rows.error());
  add_attributes(summaries, *rows);
  co_return summaries;
}

}  // namespace machi::broker

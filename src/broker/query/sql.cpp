#include "broker/query/sql.h"

#include <map>

#include "broker/query/sql_builder.h"

namespace machi::broker::query {
namespace {

std::string any_of(const std::vector<std::string>& names, std::string_view column, SqlBuilder& sql) {
  if (names.size() == 1) return fmt::format("{} = {}", column, sql.bind(names.front(), "text"));
  return fmt::format("{} = any({})", column, sql.bind_array(names, "text"));
}

void add_pattern(const Pattern& pattern, std::string_view column, std::vector<std::string>& tests, SqlBuilder& sql) {
  if (!pattern || pattern->is_universal()) return;
  if (pattern->sql()) {
    tests.push_back(fmt::format("{} ~ {}", column, sql.bind(*pattern->sql(), "text")));
  } else {
    sql.exact = false;
  }
}

std::string selector_sql(const EntitySelector& selector, SqlBuilder& sql) {
  std::vector<std::string> tests;
  if (!selector.ids.empty()) tests.push_back(any_of(selector.ids, "e.id", sql));
  if (!selector.types.empty()) tests.push_back(any_of(selector.types, "e.type", sql));
  add_pattern(selector.id_pattern, "e.id", tests, sql);
  add_pattern(selector.type_pattern, "e.type", tests, sql);
  return tests.empty() ? "true" : fmt::format("{}", fmt::join(tests, " and "));
}

bool is_open(const Pattern& pattern) {
  return !pattern || pattern->is_universal();
}

/// Selectors that differ in their ids only become one: clients ask for thousands of entities by id, and each
/// alternative of a condition is planned by itself.
std::vector<EntitySelector> merged(const std::vector<EntitySelector>& selectors) {
  std::vector<EntitySelector> result;
  std::map<std::vector<std::string>, std::size_t> by_types;  // place in `result`
  for (const EntitySelector& selector : selectors) {
    if (selector.ids.empty() || !is_open(selector.id_pattern) || !is_open(selector.type_pattern)) {
      result.push_back(selector);
      continue;
    }
    const auto [place, is_new] = by_types.try_emplace(selector.types, result.size());
    if (is_new)
      result.push_back(selector);
    else
      result[place->second].ids.insert(result[place->second].ids.end(), selector.ids.begin(), selector.ids.end());
  }
  return result;
}

void add_selectors(const Query& query, std::string& where, SqlBuilder& sql) {
  std::vector<std::string> tests;
  for (const EntitySelector& selector : merged(query.selectors)) tests.push_back(selector_sql(selector, sql));
  if (tests.empty() || (tests.size() == 1 && tests.front() == "true")) return;
  if (tests.size() == 1) {
    where += fmt::format(" and {}", tests.front());
  } else {
    where += fmt::format(" and (({}))", fmt::join(tests, ") or ("));
  }
}

void add_scope(const ScopeFilter& scope, std::string& where, SqlBuilder& sql) {
  std::vector<std::string> exact;
  std::vector<std::string> tests;
  for (const std::string& path : scope.paths) {
    if (path == "/#" || path == "#") return;
    if (!path.ends_with("/#")) {
      exact.push_back(path);
      continue;
    }
    const auto root = path.substr(0, path.size() - 2);
    exact.push_back(root);
    tests.push_back(fmt::format("starts_with(e.service_path, {})", sql.bind(root + "/", "text")));
  }
  if (exact.empty()) return;
  tests.insert(tests.begin(), any_of(exact, "e.service_path", sql));
  where += fmt::format(" and ({})", fmt::join(tests, " or "));
}

std::string where_sql(const Query& query, std::string_view schema, SqlBuilder& sql) {
  const auto tenant = sql.bind(static_cast<std::int64_t>(query.tenant.value), "int");
  std::string where = fmt::format("e.tenant = {}", tenant);
  add_selectors(query, where, sql);
  add_scope(query.scope, where, sql);
  if (!query.any_attribute.empty()) {
    where += fmt::format(" and e.search ?| {}", sql.bind_array(query.any_attribute, "text"));
  }
  for (const Filter* filter : {&query.q, &query.mq, &query.restriction}) {
    if (!filter->is_empty()) where += fmt::format(" and {}", filter_sql(*filter, sql));
  }
  if (query.geo) where += fmt::format(" and {}", geo_sql(*query.geo, tenant, schema, sql));
  where += " and (e.expires is null or e.expires > now())";
  return where;
}

std::string attribute_order(const OrderTerm& term, std::string_view direction, SqlBuilder& sql) {
  const auto cell = cell_sql(term.attribute, sql);
  return fmt::format(
      "machi.rank({0}){1}, machi.ordinal({0}){1}, ({0} ->> 's') collate \"C\"{1}, ({0} -> 'b')::boolean{1}, ", cell,
      direction);
}

std::string term_sql(const OrderTerm& term, const Query& query, std::string_view schema, SqlBuilder& sql) {
  const std::string_view direction = term.descending ? " desc" : "";
  switch (term.key) {
    case OrderTerm::Key::id:
      return fmt::format("e.id{}, ", direction);
    case OrderTerm::Key::type:
      return fmt::format("e.type{}, ", direction);
    case OrderTerm::Key::date_created:
      return fmt::format("e.created{}, ", direction);
    case OrderTerm::Key::date_modified:
      return fmt::format("e.modified{}, ", direction);
    case OrderTerm::Key::date_expires:
      return fmt::format("e.expires{}, ", term.descending ? " desc nulls last" : " nulls first");
    case OrderTerm::Key::service_path:
      return fmt::format("e.service_path{}, ", direction);
    case OrderTerm::Key::distance:
      if (!query.geo || query.geo->relation != GeoRelation::near) return "";
      return fmt::format("{}{}, ", distance_sql(*query.geo, schema, sql), direction);
    case OrderTerm::Key::attribute:
      return attribute_order(term, direction, sql);
  }
  return "";
}

}  // namespace

Sql select_sql(const Query& query, std::string_view columns, std::string_view schema) {
  SqlBuilder sql;
  std::string text =
      fmt::format("select {} from {}.entity e where {} order by ", columns, schema, where_sql(query, schema, sql));
  for (const OrderTerm& term : query.order_by) text += term_sql(term, query, schema, sql);
  text += "e.created, e.entity_key";
  text += fmt::format(" limit {}", sql.bind(static_cast<std::int64_t>(query.limit), "bigint"));
  if (query.offset > 0) text += fmt::format(" offset {}", sql.bind(static_cast<std::int64_t>(query.offset), "bigint"));
  return {.text = std::move(text), .parameters = std::move(sql.parameters), .exact = sql.exact};
}

Sql count_sql(const Query& query, std::string_view schema) {
  SqlBuilder sql;
  std::string text = fmt::format("select count(*) from {}.entity e where {}", schema, where_sql(query, schema, sql));
  return {.text = std::move(text), .parameters = std::move(sql.parameters), .exact = sql.exact};
}

}  // namespace machi::broker::query

#include "broker/history/history_store.h"

#include <array>
#include <map>
#include <utility>

namespace machi::broker {
namespace {

constexpr std::array<std::pair<std::string_view, Period>, 7> kPeriods{{{"second", Period::second},
                                                                       {"minute", Period::minute},
                                                                       {"hour", Period::hour},
                                                                       {"day", Period::day},
                                                                       {"week", Period::week},
                                                                       {"month", Period::month},
                                                                       {"year", Period::year}}};

std::string_view name_of(Period period) {
  for (const auto& [name, value] : kPeriods) {
    if (value == period) return name;
  }
  return "hour";
}

// Entities that are there come first, then the removed ones, newest first.
constexpr std::string_view kResolve =
    "select entity_key, type, service_path, false as removed, created as at from machi.entity where tenant = $1::int "
    "and id = $2::text "
    "union all select entity_key, type, service_path, true, removed from machi.removed_entity where tenant = $1::int "
    "and id = $2::text "
    "order by removed, at desc";

constexpr std::string_view kAttributes =
    "with recursive names as ((select attribute from machi.history where tenant = $1::int and entity_key = $2::bigint "
    "order by attribute limit 1) union all "
    "select (select h.attribute from machi.history h where h.tenant = $1::int and h.entity_key = $2::bigint and "
    "h.attribute > n.attribute order by h.attribute "
    "limit 1) from names n where n.attribute is not null) select attribute from names where attribute is not null";

constexpr std::string_view kColumns = "observed, recorded, attribute, type, value, metadata, operation";
constexpr int kRemovedOperation = 4;  // AttributeAlteration::Kind::removed

/// The rows of one attribute of one or more keys. One key is by far the usual case, and only an equality lets the index
/// give the order.
std::string from_history(const std::vector<std::int64_t>& keys) {
  const std::string_view key = keys.size() == 1 ? "entity_key = ($2::bigint[])[1]" : "entity_key = any($2::bigint[])";
  return "from machi.history where tenant = $1::int and " + std::string(key) +
         " and attribute = $3::text and observed >= coalesce($4::timestamptz, '-infinity') and observed < "
         "coalesce($5::timestamptz, 'infinity')";
}

db::Parameters parameters_of(const HistoryQuery& query, const std::vector<std::int64_t>& keys,
                             const std::string& attribute) {
  db::Parameters p;
  p.add(static_cast<int>(query.tenant.value)).add_array(keys).add(attribute).add(query.from).add(query.to);
  return p;
}

HistoryValue value_at(const db::Rows& rows, std::size_t row) {
  HistoryValue v;
  v.observed = parse_iso8601(rows.text(row, 0)).value_or(Timestamp{});
  v.recorded = parse_iso8601(rows.text(row, 1)).value_or(Timestamp{});
  v.attribute = rows.text(row, 2);
  v.type = rows.text(row, 3);
  v.value = rows.text(row, 4);
  if (!rows.is_null(row, 5)) v.metadata = std::string(rows.text(row, 5));
  v.removed = rows.integer(row, 6) == kRemovedOperation;
  return v;
}

}  // namespace

std::optional<Period> parse_period(std::string_view name) {
  for (const auto& [known, period] : kPeriods) {
    if (known == name) return period;
  }
  return {};
}

Task<Result<HistoryStore::Resolved>> HistoryStore::resolve(HistoryQuery query) {
  db::Parameters parameters;
  parameters.add(static_cast<int>(query.tenant.value)).add(query.id);
  auto rows = co_await database_.slow(std::string(kResolve), std::move(parameters));
  if (!rows) co_return fail(rows.error());
  std::map<std::pair<std::string, std::string>, Resolved> found;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    HistoryEntity entity{std::string(rows->text(row, 1)), std::string(rows->text(row, 2)), rows->boolean(row, 3)};
    if (query.type && entity.type != *query.type) continue;
    if (!query.scope.admits(entity.service_path)) continue;
    Resolved& resolved = found[{entity.type, entity.service_path}];
    if (resolved.keys.empty()) resolved.entity = entity;
    resolved.keys.push_back(rows->integer(row, 0));
  }
  if (found.empty())
    co_return fail(ErrorCode::not_found, "The requested entity has not been found. Check type and id", "id");
  if (found.size() > 1)
    co_return fail(ErrorCode::too_many_results, "More than one matching entity. Please refine your query", "type");
  co_return std::move(found.begin()->second);
}

Task<Result<HistoryPage>> HistoryStore::values(HistoryQuery query) {
  auto resolved = co_await resolve(query);
  if (!resolved) co_return fail(resolved.error());
  HistoryPage page{resolved->entity, {}};
  std::vector<std::string> attributes = query.attributes;
  for (std::size_t i = 0; query.attributes.empty() && i < resolved->keys.size(); ++i) {
    db::Parameters parameters;
    parameters.add(static_cast<int>(query.tenant.value)).add(resolved->keys[i]);
    auto names = co_await database_.slow(std::string(kAttributes), std::move(parameters));
    if (!names) co_return fail(names.error());
    for (std::size_t row = 0; row < names->size(); ++row) attributes.emplace_back(names->text(row, 0));
  }
  std::ranges::sort(attributes);
  attributes.erase(std::unique(attributes.begin(), attributes.end()), attributes.end());
  for (const std::string& attribute : attributes) {
    db::Parameters parameters = parameters_of(query, resolved->keys, attribute);
    std::string sql = "select " + std::string(kColumns) + " " + from_history(resolved->keys);
    if (query.last) {
      parameters.add(*query.last);
      sql.insert(0, "select * from (");
      sql += " order by observed desc, recorded desc limit $6::bigint) newest order by observed, recorded";
    } else {
      parameters.add(query.limit).add(query.offset);
      sql += " order by observed, recorded limit $6::bigint offset $7::bigint";
    }
    auto rows = co_await database_.slow(std::move(sql), std::move(parameters));
    if (!rows) co_return fail(rows.error());
    for (std::size_t row = 0; row < rows->size(); ++row) page.values.push_back(value_at(*rows, row));
  }
  co_return page;
}

Task<Result<AggregatePage>> HistoryStore::aggregates(HistoryQuery query, Period period, std::string zone) {
  auto resolved = co_await resolve(query);
  if (!resolved) co_return fail(resolved.error());
  AggregatePage page{resolved->entity, {}};
  // Bins of fixed length need no calendar; it costs five times as much.
  const bool fixed = period <= Period::hour;
  const std::string unit(name_of(period));
  const std::string bin = fixed ? "date_bin('1 " + unit + "', observed, timestamptz '2000-01-01 00:00:00+00')"
                                : "date_trunc('" + unit + "', observed, $6::text)";
  for (const std::string& attribute : query.attributes) {
    db::Parameters parameters = parameters_of(query, resolved->keys, attribute);
    if (!fixed) parameters.add(zone);
    std::string sql = "select " + bin + " as period, count(*), min(number), max(number), sum(number) " +
                      from_history(resolved->keys) + " and number is not null group by 1 order by 1";
    auto rows = co_await database_.slow(std::move(sql), std::move(parameters));
    if (!rows) co_return fail(rows.error());
    for (std::size_t row = 0; row < rows->size(); ++row) {
      page.aggregates.push_back({attribute, parse_iso8601(rows->text(row, 0)).value_or(Timestamp{}),
                                 rows->integer(row, 1), rows->number(row, 2), rows->number(row, 3),
                                 rows->number(row, 4)});
    }
  }
  co_return page;
}

}  // namespace machi::broker

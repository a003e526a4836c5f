#include "core/audit.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/json.h"
#include "base/json_writer.h"

namespace machi::core {
namespace {

const db::Statement kWrite{"audit_write", R"(
  insert into machi.audit (tenant, principal, operation, resource, outcome, correlator, detail)
  values ($1::int, $2::text, $3::text, $4::text, 'succeeded', $5::text, $6::jsonb))"};

// Newest first by id; the indexes by time, resource and principal narrow where a filter is given.
const db::Statement kRead{"audit_read", R"(
  select a.id, a.recorded, t.name, a.principal, a.operation, a.resource, a.outcome, a.correlator, a.detail::text
  from machi.audit a left join machi.tenant t on t.id = a.tenant
  where ($1::timestamptz is null or a.recorded >= $1::timestamptz) and ($2::timestamptz is null or a.recorded < $2::timestamptz)
    and ($3::text is null or a.principal = $3::text) and ($4::text is null or a.operation = $4::text)
    and ($5::text is null or a.resource = $5::text) and ($6::text is null or t.name = $6::text)
    and ($7::bigint is null or a.id < $7::bigint)
  order by a.id desc limit $8::bigint)"};

constexpr std::string_view kMask = "***";
constexpr std::array<std::string_view, 9> kSecretNames{
    "passwd", "password", "secret", "token", "authorization", "apikey", "x-auth-token", "client_secret", "api_key"};

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kSecretNames, lower) != kSecretNames.end();
}

/// `mqtt://user:word@host` without what stands before the `@`.
void mask_user_info(std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return;
  const auto begin = scheme + 3;
  const auto end = text.find_first_of("/?#", begin);
  const auto at = text.substr(begin, end == std::string::npos ? end : end - begin).rfind('@');
  if (at != std::string::npos) text.replace(begin, at, kMask);
}

void mask(Json& json) {
  if (json.is_string()) mask_user_info(json.as_string());
  if (json.is_array()) std::ranges::for_each(json.as_array(), mask);
  if (!json.is_object()) return;
  for (auto& [name, value] : json.as_object()) {
    if (is_secret_name(name) && !value.is_null()) {
      value = Json(kMask);
    } else if (name == "headers" && value.is_object()) {
      for (auto& header : value.as_object()) header.second = Json(kMask);
    } else {
      mask(value);
    }
  }
}

std::string detail_of(const AuditRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (!record.before.empty()) json.key("before").raw(record.before);
  if (!record.after.empty()) json.key("after").raw(record.after);
  json.end_object();
  return out;
}

AuditEntry entry_at(const db::Rows& rows, std::size_t row) {
  AuditEntry e;
  e.id = rows.integer(row, 0);
  e.recorded = parse_iso8601(rows.text(row, 1)).value_or(Timestamp{});
  if (!rows.is_null(row, 2)) e.tenant = rows.text(row, 2);
  e.principal = rows.text(row, 3);
  e.operation = rows.text(row, 4);
  e.resource = rows.text(row, 5);
  e.outcome = rows.text(row, 6);
  e.correlator = rows.text(row, 7);
  e.detail = rows.is_null(row, 8) ? "{}" : rows.text(row, 8);
  return e;
}

}  // namespace

db::Call audit(const Actor& actor, const AuditRecord& record) {
  db::Call call{&kWrite};
  if (record.tenant) {
    call.parameters.add(static_cast<int>(*record.tenant));
  } else {
    call.parameters.add_null();
  }
  call.parameters.add(actor.principal).add(record.operation).add(record.resource).add(actor.correlator);
  call.parameters.add(detail_of(record));
  return call;
}

std::string without_secrets(std::string_view json) {
  if (json.empty()) return {};
  auto parsed = Json::parse(json);
  if (!parsed) return {};
  mask(*parsed);
  return parsed->dump();
}

Task<Result<std::vector<AuditEntry>>> AuditLog::read(AuditQuery query) {
  db::Parameters p;
  p.add(query.from).add(query.to).add(query.principal).add(query.operation).add(query.resource).add(query.tenant);
  p.add(query.before).add(query.limit);
  auto rows = co_await database_.slow(std::string(kRead.sql), std::move(p));
  if (!rows) co_return fail(std::move(rows.error()));
  std::vector<AuditEntry> entries;
  entries.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) entries.push_back(entry_at(*rows, row));
  co_return entries;
}

Task<Result<>> AuditLog::write(Actor actor, AuditRecord record) {
  std::vector<db::Call> calls;
  calls.push_back(audit(actor, record));
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(std::move(done.error()));
  co_return Result<>();
}

}  // namespace machi::core

#include "core/resource_store.h"

#include <fmt/format.h>

#include "base/log.h"

namespace machi::core {
namespace {

const db::Statement kTenant{"resource_tenant", "select id from machi.tenant where name = $1::text"};

const db::Statement kTenants{"resource_tenants", "select name from machi.tenant order by name"};

constexpr std::chrono::milliseconds kDeadline{10'000};
constexpr std::chrono::milliseconds kCommitPatience{3000};

using Action = ResourceChange::Action;
using What = ResourceOutcome::What;

db::Parameters place(const ResourceDeclaration& declaration, std::int32_t tenant) {
  db::Parameters p;
  p.add(static_cast<int>(tenant)).add(declaration.kind);
  return p;
}

Result<Resource> resource_at(const db::Rows& rows, std::size_t row) {
  auto document = Json::parse(rows.text(row, 1));
  auto state = Json::parse(rows.text(row, 2));
  if (!document || !state) return fail(ErrorCode::internal, "a stored resource cannot be read");
  Resource r;
  r.id = rows.text(row, 0);
  r.document = std::move(*document);
  r.state = std::move(*state);
  r.revision = rows.integer(row, 3);
  r.created = parse_iso8601(rows.text(row, 4)).value_or(Timestamp{});
  r.modified = parse_iso8601(rows.text(row, 5)).value_or(Timestamp{});
  r.modified_by = rows.text(row, 6);
  return r;
}

std::unexpected<ResourceError> refuse(Error error) {
  return std::unexpected(ResourceError{std::move(error)});
}

std::unexpected<ResourceError> refuse(std::vector<FieldFault> faults) {
  const std::string fields = faults.size() == 1 ? "1 field is" : fmt::format("{} fields are", faults.size());
  const std::string first = faults.front().field;
  Error error{ErrorCode::bad_request, fields + " not as declared", first};
  return std::unexpected(ResourceError{std::move(error), std::move(faults)});
}

std::unexpected<ResourceError> precondition_failed(std::string_view header) {
  Error error{ErrorCode::conflict, "the resource is not as the request expects it", std::string(header)};
  return std::unexpected(ResourceError{std::move(error), {}, true});
}

Error not_found(const ResourceDeclaration& declaration, std::string_view id) {
  return {ErrorCode::not_found, fmt::format("there is no {} of this id: {}", declaration.label.en, id), "id"};
}

/// Nothing is written.
Error connection_lost() {
  return {ErrorCode::busy, "the connection to the database was lost; repeat the request"};
}

bool names(const std::string& condition, const std::string& etag) {
  return condition == "*" || condition.contains(etag);
}

/// The body of a replacement: key fields that are not in it are those of the id.
std::expected<Json, std::vector<FieldFault>> with_key(const ResourceDeclaration& declaration, Json body,
                                                      const std::string& id) {
  if (!body.is_object()) return body;
  const std::vector<std::string> parts = key_of(declaration, id);
  if (parts.empty()) return std::unexpected(std::vector<FieldFault>{{"id", "pattern", "is no id of this kind"}});
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (body.find(declaration.key[i]) == nullptr) body.set(declaration.key[i], Json(parts[i]));
  }
  return body;
}

/// The document that a create, replacement or patch leads to.
std::expected<Json, std::vector<FieldFault>> proposed(const ResourceDeclaration& declaration,
                                                      const ResourceChange& change, const Json* current) {
  if (change.action == Action::create) return complete(declaration, change.body, nullptr);
  if (change.action == Action::patch) {
    if (!change.body.is_object()) return complete(declaration, change.body, current);
    return complete(declaration, patched(declaration, *current, change.body), current);
  }
  auto body = with_key(declaration, change.body, change.id);
  if (!body) return std::unexpected(std::move(body.error()));
  auto document = complete(declaration, *body, current);
  if (document && id_of(declaration, *document) != change.id) {
    return std::unexpected(
        std::vector<FieldFault>{{std::string(declaration.key.front()), "immutable", "is not what the path names"}});
  }
  return document;
}

/// What a change comes to, without writing it.
ResourceResult<ResourceOutcome> decide(const ResourceDeclaration& declaration, const ResourceChange& change,
                                       const std::optional<Resource>& before) {
  const bool must_exist = change.action == Action::patch || change.action == Action::remove;
  if (must_exist && !before) return refuse(not_found(declaration, change.id));
  if (change.if_match && (!before || !names(*change.if_match, before->etag()))) return precondition_failed("If-Match");
  if (change.if_none_match && before && names(*change.if_none_match, before->etag())) {
    return precondition_failed("If-None-Match");
  }
  ResourceOutcome outcome;
  if (change.action == Action::remove) {
    outcome.what = What::removed;
    outcome.resource = *before;
    return outcome;
  }
  if (change.action == Action::create && before) {
    return refuse(Error{ErrorCode::conflict, "a resource of this id exists already: " + before->id, "id"});
  }
  auto document = proposed(declaration, change, before ? &before->document : nullptr);
  if (!document) return refuse(std::move(document.error()));
  if (before) outcome.resource = *before;
  outcome.what = !before ? What::created : before->document == *document ? What::unchanged : What::changed;
  outcome.resource.id = id_of(declaration, *document);
  outcome.resource.document = std::move(*document);
  return outcome;
}

/// Only what the declaration names: a stored document may hold more (settings of an older version).
Json declared_part(const ResourceDeclaration& declaration, const Json& document) {
  Json out{Json::Object{}};
  for (const ResourceField& field : declaration.fields) {
    const Json* value = document.find(field.name);
    if (!field.read_only && value != nullptr && !value->is_null()) out.set(field.name, *value);
  }
  return out;
}

/// The id that a change is about; for a creation that of its document.
ResourceResult<std::string> target_of(const ResourceDeclaration& declaration, const ResourceChange& change) {
  if (change.action != Action::create) return change.id;
  auto document = complete(declaration, change.body, nullptr);
  if (!document) return refuse(std::move(document.error()));
  return id_of(declaration, *document);
}

std::string_view verb_of(What what) {
  if (what == What::created) return "create";
  return what == What::removed ? "delete" : "update";
}

db::Call write_call(const ResourceDeclaration& declaration, std::int32_t tenant, const ResourceOutcome& outcome,
                    const Actor& actor) {
  const ResourceStatements& statements = *declaration.statements;
  db::Call call{nullptr, place(declaration, tenant)};
  call.parameters.add(outcome.resource.id);
  if (outcome.what == What::removed) {
    call.statement = &statements.remove;
    return call;
  }
  call.statement = outcome.what == What::created ? &statements.insert : &statements.update;
  call.parameters.add(outcome.resource.document.dump()).add(actor.principal);
  return call;
}

db::Call audit_call(const ResourceDeclaration& declaration, std::int32_t tenant, const std::optional<Resource>& before,
                    const ResourceOutcome& outcome, const Actor& actor) {
  AuditRecord record;
  if (declaration.per_tenant) record.tenant = tenant;
  const std::string operation = fmt::format("{}.{}", declaration.path, verb_of(outcome.what));
  record.operation = operation;
  record.resource = fmt::format("{}/{}", declaration.path, outcome.resource.id);
  if (before) record.before = masked(declaration, before->document).dump();
  if (outcome.what != What::removed) record.after = masked(declaration, outcome.resource.document).dump();
  return audit(actor, record);
}

}  // namespace

std::string Resource::etag() const {
  return fmt::format("\"{:x}-{}\"", created.microseconds, revision);
}

Task<Result<std::int32_t>> ResourceStore::tenant_of(const ResourceDeclaration* declaration, std::string name) {
  if (!declaration->per_tenant) co_return 0;
  db::Parameters parameters;
  parameters.add(name);
  auto rows = co_await database_.read(kTenant, std::move(parameters));
  if (!rows) co_return fail(std::move(rows.error()));
  if (rows->empty()) co_return fail(ErrorCode::not_found, "no such tenant: " + name, "Fiware-Service");
  co_return static_cast<std::int32_t>(rows->integer(0, 0));
}

Task<Result<std::vector<std::string>>> ResourceStore::tenants() {
  auto rows = co_await database_.read(kTenants, db::Parameters());
  if (!rows) co_return fail(std::move(rows.error()));
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows->size(); ++row) names.emplace_back(rows->text(row, 0));
  co_return names;
}

Task<Result<ResourcePage>> ResourceStore::list(const ResourceDeclaration* declaration, std::int32_t tenant,
                                               std::int64_t limit, std::int64_t offset) {
  db::Parameters parameters = place(*declaration, tenant);
  parameters.add(limit).add(offset);
  auto rows = co_await database_.read(declaration->statements->list, std::move(parameters));
  if (!rows) co_return fail(std::move(rows.error()));
  auto count = co_await database_.read(declaration->statements->count, place(*declaration, tenant));
  if (!count) co_return fail(std::move(count.error()));
  ResourcePage page{{}, count->integer(0, 0)};
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto resource = resource_at(*rows, row);
    if (!resource) co_return fail(std::move(resource.error()));
    page.resources.push_back(std::move(*resource));
  }
  co_return page;
}

Task<Result<Resource>> ResourceStore::get(const ResourceDeclaration* declaration, std::int32_t tenant, std::string id) {
  db::Parameters parameters = place(*declaration, tenant);
  parameters.add(id);
  auto rows = co_await database_.read(declaration->statements->get, std::move(parameters));
  if (!rows) co_return fail(std::move(rows.error()));
  if (rows->empty()) co_return fail(not_found(*declaration, id));
  co_return resource_at(*rows, 0);
}

Task<ResourceResult<ResourceOutcome>> ResourceStore::change(const ResourceDeclaration* declaration, std::int32_t tenant,
                                                            ResourceChange change, Actor actor) {
  auto id = target_of(*declaration, change);
  if (!id) co_return std::unexpected(std::move(id.error()));
  auto connection = co_await database_.write_connection();
  if (!connection) co_return refuse(std::move(connection.error()));
  std::vector<db::Call> opening;
  opening.push_back({&db::kBegin});
  opening.push_back({&db::kTransactionMark});
  opening.push_back({&declaration->statements->lock, place(*declaration, tenant)});
  opening.back().parameters.add(*id);
  auto locked = co_await (*connection)->run(std::move(opening), kDeadline);
  if (!locked && locked.error().code == ErrorCode::outcome_unknown) co_return refuse(connection_lost());
  if (!locked) co_return refuse(std::move(locked.error()));
  std::optional<Resource> before;
  if (!(*locked)[2].empty()) {
    auto read = resource_at((*locked)[2], 0);
    if (!read) co_return refuse(std::move(read.error()));
    before = std::move(*read);
    before->document = declared_part(*declaration, before->document);
  }
  // The lease rolls back what is not committed.
  auto outcome = decide(*declaration, change, before);
  if (!outcome || change.dry_run || outcome->what == What::unchanged) co_return outcome;
  std::string mark((*locked)[1].text(0, 0));
  auto written = co_await write(declaration, tenant, &before, &*outcome, &actor, &*connection, std::move(mark));
  if (!written) co_return refuse(std::move(written.error()));
  if (outcome->what == What::removed) co_return outcome;
  auto stored = co_await get(declaration, tenant, outcome->resource.id);
  if (!stored) co_return refuse(std::move(stored.error()));
  outcome->resource = std::move(*stored);
  co_return outcome;
}

Task<Result<>> ResourceStore::write(const ResourceDeclaration* declaration, std::int32_t tenant,
                                    const std::optional<Resource>* before, const ResourceOutcome* outcome,
                                    const Actor* actor, db::Database::Lease* connection, std::string mark) {
  std::vector<db::Call> closing;
  closing.push_back(write_call(*declaration, tenant, *outcome, *actor));
  closing.push_back(audit_call(*declaration, tenant, *before, *outcome, *actor));
  closing.push_back({&db::kCommit});
  auto written = co_await (*connection)->run(std::move(closing), kDeadline);
  if (written) co_return Result<>();
  if (written.error().code == ErrorCode::conflict && outcome->what == What::created) {
    co_return fail(ErrorCode::conflict, "a resource of this id exists already: " + outcome->resource.id, "id");
  }
  if (written.error().code != ErrorCode::outcome_unknown) co_return fail(std::move(written.error()));
  auto settled = co_await database_.was_committed(std::move(mark), kCommitPatience);
  if (!settled) co_return fail(std::move(settled.error()));
  if (!*settled) co_return fail(connection_lost());
  co_return Result<>();
}

}  // namespace machi::core

#include "broker/tenants.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "core/guarded_change.h"

namespace machi::broker {
namespace {

const db::Statement kAll{"tenant_all", "select id, name, settings::text from machi.tenant"};
const db::Statement kOne{"tenant_one", "select id, name, settings::text from machi.tenant where name = $1::text"};
const db::Statement kCreate{
    "tenant_create",
    "insert into machi.tenant (name, modified_by) values ($1::text, $2::text) on conflict (name) do nothing"};

constexpr std::chrono::seconds kFresh{1};
constexpr std::chrono::milliseconds kPatience{500};

TenantSettings settings_from(std::string_view text, TenantSettings defaults) {
  const auto json = Json::parse(text);
  if (!json) return defaults;
  TenantSettings settings = defaults;
  if (const Json* v = json->find("unique_entity_ids"); v != nullptr && v->is_bool())
    settings.unique_entity_ids = v->as_bool();
  if (const Json* v = json->find("forbidden_characters"); v != nullptr && v->is_string()) {
    settings.orion_forbidden_characters = v->as_string() == "orion";
  }
  return settings;
}

}  // namespace

Task<Result<>> TenantDirectory::refresh(bool now) {
  const auto present = std::chrono::steady_clock::now();
  if (!now && !by_name_.empty() && present - read_ < kFresh) co_return Result<>();
  auto rows = co_await database_.read(kAll, db::Parameters(), kPatience);
  read_ = present;  // also after a failure: not every request shall wait for a database that hangs
  if (!rows) {
    if (!by_name_.empty() && !now) co_return Result<>();  // a stale list is better than none
    co_return fail(rows.error());
  }
  by_name_.clear();
  remember(*rows);
  co_return Result<>();
}

void TenantDirectory::remember(const db::Rows& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Tenant tenant{{static_cast<std::int32_t>(rows.integer(row, 0))},
                  std::string(rows.text(row, 1)),
                  settings_from(rows.text(row, 2), options_.defaults)};
    rules_.set(tenant.id, {tenant.settings.unique_entity_ids});
    by_name_.insert_or_assign(tenant.name, std::move(tenant));
  }
}

Task<Result<std::optional<Tenant>>> TenantDirectory::find(std::string name) {
  auto refreshed = co_await refresh(false);
  if (!refreshed) co_return fail(refreshed.error());
  auto known = by_name_.find(name);
  if (known == by_name_.end()) {
    // Another loop or node may just have made it, and its writer reads here now: absence is never taken from memory.
    db::Parameters parameters;
    parameters.add(name);
    auto rows = co_await database_.read(kOne, std::move(parameters));
    if (!rows) co_return fail(rows.error());
    remember(*rows);
    known = by_name_.find(name);
  }
  if (known == by_name_.end()) co_return std::optional<Tenant>();
  co_return std::optional<Tenant>(known->second);
}

Task<Result<Tenant>> TenantDirectory::find_or_create(std::string name, core::Actor actor) {
  auto found = co_await find(name);
  if (!found) co_return fail(found.error());
  if (*found) co_return std::move(**found);
  if (!options_.create_on_write) co_return fail(ErrorCode::not_found, "no such tenant: " + name, "Fiware-Service");
  db::Call create{&kCreate};
  create.parameters.add(name).add(actor.principal);
  std::string after;
  JsonWriter(after).begin_object().key("name").string(name).end_object();
  std::vector<db::Call> record;
  record.push_back(
      core::audit(actor, {.operation = "tenants.create", .resource = "tenants/" + name, .after = std::move(after)}));
  auto created = co_await core::change_with(&database_, std::move(create), std::move(record));
  if (!created) co_return fail(created.error());
  auto refreshed = co_await refresh(true);
  if (!refreshed) co_return fail(refreshed.error());
  co_return by_name_.at(name);
}

Task<Result<std::string>> TenantDirectory::name_of(TenantId tenant) {
  for (const bool again : {false, true}) {
    auto refreshed = co_await refresh(again);
    if (!refreshed) co_return fail(refreshed.error());
    for (const auto& [name, known] : by_name_) {
      if (known.id == tenant) co_return name;
    }
  }
  co_return std::string();
}

}  // namespace machi::broker

#include "broker/store/change_plan.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "broker/model/geometry.h"
#include "broker/query/planar.h"
#include "broker/query/search_document.h"
#include "broker/query/shape.h"
#include "broker/store/alteration_detail.h"
#include "broker/store/slot.h"
#include "broker/store/statements.h"

namespace machi::broker {
namespace {

/// The number of a history row, for aggregates: only for values that are JSON numbers.
std::optional<double> number_of(const JsonText& value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return {};
  return number;
}

std::string metadata_text(const std::vector<Metadata>& metadata) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const Metadata& m : metadata) {
    json.key(m.name).begin_object().key("type").string(m.type).key("value").raw(m.value).end_object();
  }
  json.end_object();
  return out;
}

/// The geometry of an attribute as GeoJSON; values that cannot be read were refused before they came here.
std::optional<std::string> shape_of(const Attribute& attribute) {
  auto geometry = geometry_of(attribute);
  if (!geometry || !*geometry) return {};
  return *std::move(geometry);
}

/// Refuses areas whose rings cross: PostGIS may fail on them, and with it everybody's query. Open rings and the like
/// were refused with the rest of the structure.
Result<> check_areas(const Applied& applied) {
  for (const AttributeAlteration& altered : applied.altered) {
    const Attribute* attribute = applied.after.find(altered.name);
    if (attribute == nullptr) continue;
    const auto geojson = shape_of(*attribute);
    if (!geojson || !geojson->contains("Polygon")) continue;
    const auto shape = query::parse_shape(*geojson);
    if (shape && query::is_valid_shape(*shape)) continue;
    return fail(ErrorCode::bad_request, "Wrong GeoJson: the rings of the area cross each other", attribute->name);
  }
  return {};
}

}  // namespace

Result<> ChangePlan::add_current(TenantId tenant, const StoredEntity& row, std::string correlator) {
  auto entity = row.parse(tenant);
  if (!entity) return fail(entity.error());
  Working& w = working_.emplace_back();
  w.entity = std::move(*entity);
  w.correlator = std::move(correlator);
  w.stored = true;
  w.expired = w.removed = row.expires && *row.expires <= now_;
  by_id_[{tenant, w.entity.id}].push_back(&w);
  return {};
}

Result<ChangePlan::Working*> ChangePlan::target(const EntityChange& change) {
  const auto it = by_id_.find(std::pair(change.tenant, change.id));
  if (it == by_id_.end()) return nullptr;
  Working* found = nullptr;
  for (Working* w : it->second) {
    const bool matches = !w->removed && w->entity.service_path == change.service_path &&
                         (!change.type || *change.type == w->entity.type);
    if (!matches) continue;
    if (found != nullptr)
      return fail(ErrorCode::too_many_results, "More than one matching entity. Please refine your query", "id");
    found = w;
  }
  return found;
}

Result<> ChangePlan::check_unique(const EntityChange& change) const {
  if (!rules_->of(change.tenant).unique_entity_ids) return {};
  const auto it = by_id_.find(std::pair(change.tenant, change.id));
  if (it == by_id_.end()) return {};
  if (std::ranges::all_of(it->second, [](const Working* w) { return w->removed; })) return {};
  return fail(ErrorCode::already_exists, "Already Exists", "id");
}

ChangePlan::Working& ChangePlan::add_working(const EntityChange& change, EntityKey fresh, Entity entity) {
  Working& w = working_.emplace_back();
  w.entity = std::move(entity);
  w.entity.tenant = change.tenant;
  w.entity.key = fresh;
  w.entity.version = 0;
  by_id_[{change.tenant, change.id}].push_back(&w);
  return w;
}

Result<ChangeOutcome> ChangePlan::apply(const EntityChange& change, EntityKey fresh) {
  auto found = target(change);
  if (!found) return fail(found.error());
  Working* working = *found;
  auto applied = broker::apply(working == nullptr ? nullptr : &working->entity, change, now_);
  if (!applied) return fail(applied.error());
  if (auto checked = check_areas(*applied); !checked) return fail(checked.error());

  if (working == nullptr) {
    if (auto unique = check_unique(change); !unique) return fail(unique.error());
    working = &add_working(change, fresh, std::move(applied->after));
  } else if (applied->alterations != 0) {
    const std::int64_t version = working->entity.version;
    const EntityKey key = working->entity.key;
    working->entity = std::move(applied->after);
    working->entity.version = version;
    working->entity.key = key;
    working->entity.tenant = change.tenant;
  }
  Entity& entity = working->entity;
  ChangeOutcome outcome{entity.key,
                        entity.id,
                        entity.type,
                        entity.service_path,
                        (applied->alterations & kEntityCreate) != 0,
                        entity.version,
                        std::move(applied->refused)};
  if (applied->alterations == 0) return outcome;

  outcome.version = ++entity.version;
  working->changed = true;
  working->removed = (applied->alterations & kEntityDelete) != 0;
  working->document = to_document(entity.attributes);
  working->previous_correlator = std::exchange(working->correlator, change.correlator);
  for (const AttributeAlteration& a : applied->altered) {
    if (a.kind == AttributeAlteration::Kind::touched) continue;
    const bool had_shape = a.before && shape_of(*a.before).has_value();
    working->reshaped.try_emplace(a.name, had_shape);
    record_history(entity, a);
  }
  record(*working, change, *applied);
  return outcome;
}

void ChangePlan::record(const Working& working, const EntityChange& change, const Applied& applied) {
  const Entity& e = working.entity;
  log_.slots.push_back(slot_of(e.tenant, e.id));
  log_.tenants.push_back(e.tenant.value);
  log_.keys.push_back(e.key.value);
  log_.versions.push_back(e.version);
  log_.alterations.push_back(applied.alterations);
  log_.ids.push_back(e.id);
  log_.types.push_back(e.type);
  log_.paths.push_back(e.service_path);
  log_.correlators.push_back(change.correlator);
  log_.principals.push_back(change.principal);
  log_.documents.push_back(working.document);
  log_.details.push_back(alteration_detail(e, applied.altered, working.previous_correlator));
}

void ChangePlan::record_history(const Entity& entity, const AttributeAlteration& alteration) {
  const bool removed = alteration.kind == AttributeAlteration::Kind::removed;
  const Attribute* attribute = removed && alteration.before ? &*alteration.before : entity.find(alteration.name);
  if (attribute == nullptr) return;
  history_.tenants.push_back(entity.tenant.value);
  history_.keys.push_back(entity.key.value);
  history_.operations.push_back(static_cast<int>(alteration.kind));
  history_.kinds.push_back(static_cast<int>(attribute->kind));
  history_.observed.push_back(removed ? std::nullopt : attribute->observed);
  history_.numbers.push_back(removed ? std::nullopt : number_of(attribute->value));
  history_.attributes.push_back(attribute->name);
  history_.datasets.push_back(attribute->dataset);
  history_.types.push_back(attribute->type);
  history_.values.push_back(removed ? "null" : attribute->value);
  history_.metadata.push_back(
      removed || attribute->metadata.empty() ? std::nullopt : std::optional(metadata_text(attribute->metadata)));
}

std::vector<db::Call> ChangePlan::writes() const {
  std::vector<db::Call> calls;
  add_removals(calls);
  add_claims(calls);
  add_inserts(calls);
  add_updates(calls);
  add_geometries(calls);
  add_log(calls);
  if (!history_.tenants.empty()) add_history(calls);
  return calls;
}

void ChangePlan::add_removals(std::vector<db::Call>& calls) const {
  std::vector<std::int64_t> stored_tenants;
  std::vector<std::int64_t> stored_keys;
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> keys;
  std::vector<std::string> ids;
  std::vector<std::string> types;
  std::vector<std::string> paths;
  for (const Working& w : working_) {
    // An expired row gives way only when something new takes its place.
    const bool displaced =
        w.expired && std::ranges::any_of(by_id_.find(std::pair(w.entity.tenant, w.entity.id))->second,
                                         [](const Working* other) { return !other->stored && other->changed; });
    if (!(w.removed && w.changed) && !displaced) continue;
    if (w.stored) {
      stored_tenants.push_back(w.entity.tenant.value);
      stored_keys.push_back(w.entity.key.value);
    }
    tenants.push_back(w.entity.tenant.value);
    keys.push_back(w.entity.key.value);
    ids.push_back(w.entity.id);
    types.push_back(w.entity.type);
    paths.push_back(w.entity.service_path);
  }
  if (!stored_tenants.empty()) {
    db::Call remove{&statements::kRemove};
    remove.parameters.add_array(stored_tenants).add_array(stored_keys);
    calls.push_back(std::move(remove));
  }
  if (tenants.empty()) return;
  db::Call remember{&statements::kRemember};
  remember.parameters.add_array(tenants).add_array(keys).add_array(std::span<const std::string>(ids));
  remember.parameters.add_array(std::span<const std::string>(types))
      .add_array(std::span<const std::string>(paths))
      .add(now_);
  calls.push_back(std::move(remember));
}

/// What check_unique has seen may be made by another transaction meanwhile: the ids are claimed before the inserts.
void ChangePlan::add_claims(std::vector<db::Call>& calls) const {
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> keys;
  std::vector<std::string_view> ids;
  for (const Working& w : working_) {
    if (w.stored || w.removed || !w.changed || !rules_->of(w.entity.tenant).unique_entity_ids) continue;
    tenants.push_back(w.entity.tenant.value);
    keys.push_back(w.entity.key.value);
    ids.push_back(w.entity.id);
  }
  if (tenants.empty()) return;
  db::Call call{&statements::kClaimIds};
  call.parameters.add_array(tenants).add_array(ids).add_array(keys);
  calls.push_back(std::move(call));
}

void ChangePlan::add_inserts(std::vector<db::Call>& calls) const {
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> keys;
  std::vector<std::int64_t> slots;
  std::vector<std::int64_t> versions;
  std::vector<std::optional<Timestamp>> expires;
  std::vector<std::string_view> ids;
  std::vector<std::string_view> types;
  std::vector<std::string_view> paths;
  std::vector<std::string_view> correlators;
  std::vector<std::string_view> documents;
  std::vector<std::string> searches;
  for (const Working& w : working_) {
    if (w.stored || w.removed || !w.changed) continue;
    tenants.push_back(w.entity.tenant.value);
    keys.push_back(w.entity.key.value);
    slots.push_back(slot_of(w.entity.tenant, w.entity.id));
    versions.push_back(w.entity.version);
    expires.push_back(w.entity.expires);
    ids.push_back(w.entity.id);
    types.push_back(w.entity.type);
    paths.push_back(w.entity.service_path);
    correlators.push_back(w.correlator);
    documents.push_back(w.document);
    searches.push_back(query::search_document(w.entity.attributes));
  }
  if (tenants.empty()) return;
  db::Call call{&statements::kInsert};
  db::Parameters& p = call.parameters;
  p.add_array(tenants).add_array(keys).add_array(slots).add_array(versions).add_array(expires).add_array(ids).add_array(
      types);
  p.add_array(paths)
      .add_array(correlators)
      .add_array(documents)
      .add_array(std::span<const std::string>(searches))
      .add(now_);
  calls.push_back(std::move(call));
}

void ChangePlan::add_updates(std::vector<db::Call>& calls) const {
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> keys;
  std::vector<std::int64_t> versions;
  std::vector<std::optional<Timestamp>> expires;
  std::vector<std::string_view> correlators;
  std::vector<std::string_view> documents;
  std::vector<std::string> searches;
  for (const Working& w : working_) {
    if (!w.stored || w.removed || !w.changed) continue;
    tenants.push_back(w.entity.tenant.value);
    keys.push_back(w.entity.key.value);
    versions.push_back(w.entity.version);
    expires.push_back(w.entity.expires);
    correlators.push_back(w.correlator);
    documents.push_back(w.document);
    searches.push_back(query::search_document(w.entity.attributes));
  }
  if (tenants.empty()) return;
  db::Call call{&statements::kUpdate};
  call.parameters.add_array(tenants)
      .add_array(keys)
      .add_array(versions)
      .add_array(expires)
      .add_array(correlators)
      .add_array(documents);
  call.parameters.add_array(std::span<const std::string>(searches)).add(now_);
  calls.push_back(std::move(call));
}

void ChangePlan::add_geometries(std::vector<db::Call>& calls) const {
  std::vector<std::int64_t> old_tenants;
  std::vector<std::int64_t> old_keys;
  std::vector<std::string_view> old_attributes;
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> keys;
  std::vector<std::string_view> attributes;
  std::vector<std::string_view> datasets;
  std::vector<std::string> shapes;
  for (const Working& w : working_) {
    if (w.removed || !w.changed) continue;
    for (const auto& [name, had_shape] : w.reshaped) {
      if (had_shape) {
        old_tenants.push_back(w.entity.tenant.value);
        old_keys.push_back(w.entity.key.value);
        old_attributes.push_back(name);
      }
      const Attribute* attribute = w.entity.find(name);
      auto shape = attribute == nullptr ? std::nullopt : shape_of(*attribute);
      if (!shape) continue;
      tenants.push_back(w.entity.tenant.value);
      keys.push_back(w.entity.key.value);
      attributes.push_back(attribute->name);
      datasets.push_back(attribute->dataset);
      shapes.push_back(std::move(*shape));
    }
  }
  if (!old_tenants.empty()) {
    db::Call remove{&statements::kRemoveGeometry};
    remove.parameters.add_array(old_tenants).add_array(old_keys).add_array(old_attributes);
    calls.push_back(std::move(remove));
  }
  if (tenants.empty()) return;
  db::Call insert{&statements::kInsertGeometry};
  insert.parameters.add_array(tenants).add_array(keys).add_array(attributes).add_array(datasets);
  insert.parameters.add_array(std::span<const std::string>(shapes));
  calls.push_back(std::move(insert));
}

void ChangePlan::add_log(std::vector<db::Call>& calls) const {
  db::Call call{&statements::kLog};
  db::Parameters& p = call.parameters;
  p.add(now_)
      .add_array(log_.slots)
      .add_array(log_.tenants)
      .add_array(log_.keys)
      .add_array(log_.versions)
      .add_array(log_.alterations);
  for (const auto* column :
       {&log_.ids, &log_.types, &log_.paths, &log_.correlators, &log_.principals, &log_.documents, &log_.details}) {
    p.add_array(std::span<const std::string>(*column));
  }
  calls.push_back(std::move(call));
}

void ChangePlan::add_history(std::vector<db::Call>& calls) const {
  db::Call call{&statements::kHistory};
  const HistoryColumns& h = history_;
  db::Parameters& p = call.parameters;
  p.add(now_).add_array(h.tenants).add_array(h.keys).add_array(h.operations).add_array(h.kinds).add_array(h.observed);
  p.add_array(h.numbers);
  for (const auto* column : {&h.attributes, &h.datasets, &h.types, &h.values})
    p.add_array(std::span<const std::string>(*column));
  p.add_array(h.metadata);
  calls.push_back(std::move(call));
}

}  // namespace machi::broker

#include "core/resource_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_writer.h"

namespace machi::core {
namespace {

constexpr std::string_view kFormat = "machi-resources/1";
constexpr std::int64_t kPage = 500;

using What = ResourceOutcome::What;

struct Item {
  std::size_t number = 0;
  const ResourceKind* kind = nullptr;
  std::string tenant;
  Json fields;
  std::string id;
};

/// The resources of a file, and what it has wrong in itself.
struct Parsed {
  std::vector<Item> items;
  std::vector<ImportFault> faults;
  std::set<std::string> new_tenants;  ///< that the file itself declares
};

void append_line(std::string& out, const ResourceKind& kind, const std::string& tenant, const Resource& resource) {
  out += out.ends_with('[') ? "\n" : ",\n";
  JsonWriter writer(out);
  writer.begin_object().key("kind").string(kind.declaration.path);
  if (!tenant.empty()) writer.key("tenant").string(tenant);
  writer.key("fields").begin_object();
  const Json document = masked(kind.declaration, resource.document);
  for (const ResourceField& field : kind.declaration.fields) {
    const Json* value = document.find(field.name);
    if (!field.read_only && value != nullptr && !value->is_null()) writer.key(field.name).raw(value->dump());
  }
  writer.end_object().end_object();
}

Task<Result<>> export_kind(ResourceStore* store, const ResourceKind* kind, std::string tenant, std::string* out) {
  auto place = co_await store->tenant_of(&kind->declaration, tenant);
  if (!place) co_return fail(std::move(place.error()));
  for (std::int64_t offset = 0;; offset += kPage) {
    auto page = co_await store->list(&kind->declaration, *place, kPage, offset);
    if (!page) co_return fail(std::move(page.error()));
    for (const Resource& resource : page->resources) append_line(*out, *kind, tenant, resource);
    if (offset + kPage >= page->total) co_return Result<>();
  }
}

std::string member_text(const Json& item, std::string_view name) {
  const Json* member = item.find(name);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

ImportFault fault_of(const Item& item, FieldFault fault) {
  const std::string name =
      item.kind == nullptr ? std::string() : fmt::format("{}/{}", item.kind->declaration.path, item.id);
  return {item.number, name, std::move(fault)};
}

void parse_item(const ResourceCatalogue& catalogue, const Json& json, std::size_t number, Parsed& parsed) {
  Item item{number, catalogue.find(member_text(json, "kind")), member_text(json, "tenant"), {}, {}};
  const Json* fields = json.find("fields");
  if (item.kind == nullptr) {
    parsed.faults.push_back(fault_of(item, {"kind", "not_listed", "names no kind of resource"}));
    return;
  }
  if (fields == nullptr || !fields->is_object()) {
    parsed.faults.push_back(fault_of(item, {"fields", "type", "must be a JSON object"}));
    return;
  }
  item.fields = *fields;
  item.id = id_of(item.kind->declaration, item.fields);
  if (item.kind->declaration.path == "tenants") parsed.new_tenants.insert(item.id);
  parsed.items.push_back(std::move(item));
}

Result<Parsed> parse(const ResourceCatalogue& catalogue, std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return fail(json.error());
  const Json* resources = json->find("resources");
  if (member_text(*json, "format") != kFormat || resources == nullptr || !resources->is_array()) {
    return fail(ErrorCode::bad_request, fmt::format("not a file of resources: \"format\" must be \"{}\"", kFormat),
                "format");
  }
  Parsed parsed;
  std::size_t number = 0;
  for (const Json& item : resources->as_array()) parse_item(catalogue, item, ++number, parsed);
  const auto place = [&](const Item& item) {
    const auto& kinds = catalogue.kinds();
    const auto kind = std::ranges::find(kinds, item.kind, [](const ResourceKind& k) { return &k; });
    return std::pair(kind - kinds.begin(), item.number);
  };
  std::ranges::sort(parsed.items, std::less<>(), place);
  return parsed;
}

/// A resource of a tenant that the same file makes: checked without a store.
void check_alone(const Item& item, ResourceImport& outcome) {
  auto document = complete(item.kind->declaration, item.fields, nullptr);
  if (document) {
    ++outcome.counts[std::string(item.kind->declaration.path)].created;
    return;
  }
  for (FieldFault& fault : document.error()) outcome.faults.push_back(fault_of(item, std::move(fault)));
}

void count(ResourceImport::Counts& counts, What what) {
  if (what == What::created) ++counts.created;
  if (what == What::changed) ++counts.changed;
  if (what == What::unchanged) ++counts.unchanged;
}

/// One pass over the file. Faults of resources are gathered; an error of the store ends it.
Task<Result<>> pass(ResourceStore* store, const Parsed* parsed, bool dry_run, const Actor* actor,
                    ResourceImport* outcome) {
  for (const Item& item : parsed->items) {
    const ResourceDeclaration& declaration = item.kind->declaration;
    auto tenant = co_await store->tenant_of(&declaration, item.tenant);
    if (!tenant && tenant.error().code == ErrorCode::not_found) {
      if (dry_run && parsed->new_tenants.contains(item.tenant)) {
        check_alone(item, *outcome);
      } else {
        outcome->faults.push_back(fault_of(item, {"tenant", "unknown", std::move(tenant.error().message)}));
      }
      continue;
    }
    if (!tenant) co_return fail(std::move(tenant.error()));
    ResourceChange change{
        .action = ResourceChange::Action::replace, .id = item.id, .body = item.fields, .dry_run = dry_run};
    auto done = co_await store->change(&declaration, *tenant, std::move(change), *actor);
    if (done) {
      count(outcome->counts[std::string(declaration.path)], done->what);
      continue;
    }
    if (done.error().faults.empty()) co_return fail(std::move(done.error().error));
    for (FieldFault& fault : done.error().faults) outcome->faults.push_back(fault_of(item, std::move(fault)));
  }
  co_return Result<>();
}

}  // namespace

Task<Result<std::string>> export_resources(const ResourceCatalogue* catalogue, ResourceStore* store) {
  auto tenants = co_await store->tenants();
  if (!tenants) co_return fail(std::move(tenants.error()));
  std::string out = fmt::format("{{\"format\":\"{}\",\"resources\":[", kFormat);
  for (const ResourceKind& kind : catalogue->kinds()) {
    if (!kind.declaration.per_tenant) {
      auto done = co_await export_kind(store, &kind, "", &out);
      if (!done) co_return fail(std::move(done.error()));
      continue;
    }
    for (const std::string& tenant : *tenants) {
      auto done = co_await export_kind(store, &kind, tenant, &out);
      if (!done) co_return fail(std::move(done.error()));
    }
  }
  out += "\n]}\n";
  co_return out;
}

Task<Result<ResourceImport>> import_resources(const ResourceCatalogue* catalogue, ResourceStore* store,
                                              std::string text, bool dry_run, Actor actor) {
  auto parsed = parse(*catalogue, text);
  if (!parsed) co_return fail(std::move(parsed.error()));
  ResourceImport checked;
  checked.faults = std::move(parsed->faults);
  auto looked = co_await pass(store, &*parsed, true, &actor, &checked);
  if (!looked) co_return fail(std::move(looked.error()));
  if (dry_run || !checked.faults.empty()) co_return checked;
  ResourceImport outcome;
  auto written = co_await pass(store, &*parsed, false, &actor, &outcome);
  if (!written) co_return fail(std::move(written.error()));
  co_return outcome;
}

}  // namespace machi::core

#include "broker/store/postgres_entity_store.h"

namespace machi::broker {

Result<Entity> StoredEntity::parse(TenantId tenant) const {
  auto attributes = from_document(document);
  if (!attributes) return fail(attributes.error());
  Entity e;
  e.tenant = tenant;
  e.key = key;
  e.id = id;
  e.type = type;
  e.service_path = service_path;
  e.attributes = std::move(*attributes);
  e.created = created;
  e.modified = modified;
  e.expires = expires;
  e.version = version;
  return e;
}

bool ScopeFilter::admits(std::string_view service_path) const {
  if (paths.empty()) return true;
  for (const std::string& path : paths) {
    if (!path.ends_with("#")) {
      if (path == service_path) return true;
      continue;
    }
    // "/a/#" covers /a and everything below it.
    std::string_view root(path);
    root.remove_suffix(root.ends_with("/#") ? 2 : 1);
    if (service_path == root || root.empty() || (service_path.starts_with(root) && service_path[root.size()] == '/'))
      return true;
  }
  return false;
}

Task<Result<std::vector<StoredEntity>>> PostgresEntityStore::find(TenantId tenant, std::string id) {
  return finds_.find(tenant, std::move(id));
}

Task<Result<ChangeOutcome>> PostgresEntityStore::change(EntityChange change) {
  return writes_.submit(std::move(change));
}

Task<std::vector<Result<ChangeOutcome>>> PostgresEntityStore::change_all(std::vector<EntityChange> changes) {
  return writes_.submit_all(std::move(changes));
}

Task<> PostgresEntityStore::close() {
  co_await writes_.close();
  co_await finds_.close();
}

}  // namespace machi::broker

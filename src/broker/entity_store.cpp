#include "broker/entity_store.h"

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

}  // namespace machi::broker

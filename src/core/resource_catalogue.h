#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/resource_declaration.h"

namespace machi::core {

/// A declared kind with the names that follow from it.
struct ResourceKind {
  explicit ResourceKind(ResourceDeclaration d);
  ResourceDeclaration declaration;
  std::string collection_path;                                  ///< `/resources/tenants`
  std::string item_path;                                        ///< `/resources/tenants/{id}`
  std::string list, create, retrieve, replace, update, remove;  ///< operations: `listTenants`, `createTenant`, …
};

/// All declared kinds, in the order in which they are imported: what others refer to comes first. Immutable; routes and
/// stores point into it.
class ResourceCatalogue {
 public:
  /// Throws std::logic_error for contradictory declarations, and for two of one kind or path.
  explicit ResourceCatalogue(std::vector<ResourceDeclaration> declarations);
  [[nodiscard]] const std::deque<ResourceKind>& kinds() const { return kinds_; }
  /// By its path; nullptr if there is none.
  [[nodiscard]] const ResourceKind* find(std::string_view path) const;

 private:
  std::deque<ResourceKind> kinds_;
};

/// The OpenAPI document of all kinds and of the audit records, as YAML: `api/resources.yaml`.
[[nodiscard]] std::string resources_openapi(const ResourceCatalogue& catalogue);

}  // namespace machi::core

#include "core/resource_catalogue.h"

#include <fmt/format.h>

#include <stdexcept>

namespace machi::core {

ResourceKind::ResourceKind(ResourceDeclaration d)
    : declaration(std::move(d)),
      collection_path(fmt::format("/resources/{}", declaration.path)),
      item_path(collection_path + "/{id}"),
      list(fmt::format("list{}", declaration.plural)),
      create(fmt::format("create{}", declaration.singular)),
      retrieve(fmt::format("retrieve{}", declaration.singular)),
      replace(fmt::format("replace{}", declaration.singular)),
      update(fmt::format("update{}", declaration.singular)),
      remove(fmt::format("delete{}", declaration.singular)) {}

ResourceCatalogue::ResourceCatalogue(std::vector<ResourceDeclaration> declarations) {
  for (ResourceDeclaration& declaration : declarations) {
    check_declaration(declaration);
    for (const ResourceKind& other : kinds_) {
      if (other.declaration.kind != declaration.kind && other.declaration.path != declaration.path) continue;
      throw std::logic_error(fmt::format("resource {} is declared twice", declaration.kind));
    }
    kinds_.emplace_back(std::move(declaration));
  }
}

const ResourceKind* ResourceCatalogue::find(std::string_view path) const {
  for (const ResourceKind& kind : kinds_) {
    if (kind.declaration.path == path) return &kind;
  }
  return nullptr;
}

}  // namespace machi::core

#pragma once
#include <memory>
#include <string_view>

#include "base/result.h"
#include "broker/query/planar.h"
#include "broker/query/tree.h"

namespace machi::broker::query {

/// Whether one statement holds for the entity.
[[nodiscard]] bool holds(const Condition& condition, const Entity& entity);
/// Whether a filter holds for the entity.
[[nodiscard]] bool holds(const Filter& filter, const Entity& entity);
/// Whether id and type are selected.
[[nodiscard]] bool selects(const EntitySelector& selector, std::string_view id, std::string_view type);

/// A query to be asked of many entities in memory: what the store answers for them, without order and paging. Expiry is
/// the caller's. Belongs to one thread at a time.
class Matcher {
 public:
  /// Error: bad_request when the reference geometry is none.
  [[nodiscard]] static Result<Matcher> create(Query query);

  [[nodiscard]] bool matches(const Entity& entity) const;
  /// Only tenant, scope and selectors: what can be told without attributes.
  [[nodiscard]] bool matches_name(const Entity& entity) const;
  /// Only the places of the entity.
  [[nodiscard]] bool matches_place(const Entity& entity) const;
  [[nodiscard]] const Query& query() const { return query_; }

 private:
  explicit Matcher(Query query) : query_(std::move(query)) {}
  Query query_;
  std::unique_ptr<PlanarReference> reference_{};
};

}  // namespace machi::broker::query

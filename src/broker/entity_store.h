#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "broker/model/change.h"
#include "broker/model/entity.h"
#include "db/connection.h"

namespace machi::broker {

namespace query {
struct Query;
}

/// An entity as read from the store. `document` (see to_document) points into `rows`, which it keeps alive.
struct StoredEntity {
  EntityKey key{};
  std::string_view id, type, service_path, document;
  Timestamp created{}, modified{};
  std::optional<Timestamp> expires{};
  std::int64_t version = 0;
  db::Rows rows{};
  std::shared_ptr<const void> owner{};  ///< keeps the views alive when they do not point into rows

  /// The same as an Entity with its attributes parsed.
  [[nodiscard]] Result<Entity> parse(TenantId tenant) const;
};

/// What became of one change.
struct ChangeOutcome {
  EntityKey key{};
  std::string id, type, service_path;
  bool created = false;            ///< the change made the entity
  std::int64_t version = 0;        ///< after the change
  std::optional<Error> refused{};  ///< partial_update: the rest was applied
};

struct QueryPage {
  std::vector<StoredEntity> entities;
  std::optional<std::int64_t> total;  ///< when the query asks for a count
};

struct EntityTypeSummary {
  std::string type;
  std::int64_t count = 0;
  struct AttributeTypes {
    std::string name;
    std::vector<std::string> types;  ///< NGSIv2 attribute types seen, in alphabetical order
  };
  std::vector<AttributeTypes> attributes;  ///< in alphabetical order; empty when not asked for
};

/// Which service paths a read covers: exact ones, or a subtree for `/a/#`. Empty: everything.
struct ScopeFilter {
  std::vector<std::string> paths;  ///< as in the Fiware-ServicePath header: `/a`, `/a/#`
  [[nodiscard]] bool admits(std::string_view service_path) const;
};

/// The entities of all tenants, as one loop sees them: reads by id of one turn travel together, writes of one turn are
/// one transaction. Every operation lives on the loop of its Database.
class EntityStore {
 public:
  virtual ~EntityStore() = default;

  /// All entities with this id (several types or service paths may share one), expired ones left out.
  [[nodiscard]] virtual Task<Result<std::vector<StoredEntity>>> find(TenantId tenant, std::string id) = 0;

  /// Applies one change. Answered once it is durable. Errors: those of `apply`, too_many_results (no type given and
  /// several match), busy, outcome_unknown.
  [[nodiscard]] virtual Task<Result<ChangeOutcome>> change(EntityChange change) = 0;

  /// Applies many changes, each on its own (as NGSIv2's batch operations do); answers in the order given.
  [[nodiscard]] virtual Task<std::vector<Result<ChangeOutcome>>> change_all(std::vector<EntityChange> changes) = 0;

  /// Entities that match, in the query's order. Runs on the slow connections. Errors: busy, timeout, bad_request.
  [[nodiscard]] virtual Task<Result<QueryPage>> query(query::Query query) = 0;

  /// Types with their counts, alphabetical; with `attributes` also what attributes they have.
  [[nodiscard]] virtual Task<Result<std::vector<EntityTypeSummary>>> types(TenantId tenant, ScopeFilter scope,
                                                                           std::optional<std::string> only,
                                                                           bool attributes) = 0;
};

}  // namespace machi::broker

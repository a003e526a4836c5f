#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/entity_store.h"
#include "broker/store/tenant_rules.h"
#include "db/connection.h"

namespace machi::broker {

/// One transaction's worth of changes, worked out in memory: the rows that were locked go in, changes are applied in
/// the order of arrival, and what is to be written comes out, set-based. Several changes to one entity are folded: one
/// state row, one log row each.
class ChangePlan {
 public:
  /// `now` is the time of all changes of the transaction.
  ChangePlan(Timestamp now, const TenantRules& rules) : now_(now), rules_(&rules) {}

  /// A locked row, as it stands in the store, and the correlator of its last change. Error internal if its document
  /// cannot be read.
  [[nodiscard]] Result<> add_current(TenantId tenant, const StoredEntity& row, std::string correlator);

  /// Applies one change; a refused one leaves no trace. `fresh` becomes the key if an entity is made.
  [[nodiscard]] Result<ChangeOutcome> apply(const EntityChange& change, EntityKey fresh);

  /// Whether anything is to be written.
  [[nodiscard]] bool empty() const { return log_.slots.empty(); }
  /// The statements that write state, log and history, without begin and commit.
  [[nodiscard]] std::vector<db::Call> writes() const;

 private:
  struct Working {
    Entity entity;
    std::string correlator{};           ///< of the last change
    std::string previous_correlator{};  ///< of the one before
    bool stored = false;                ///< has a row in the store
    bool changed = false;
    bool removed = false;  ///< by a change of this plan, or hidden because it has expired
    bool expired = false;
    std::string document{};                  ///< of the entity, once it has changed
    std::map<std::string, bool> reshaped{};  ///< attributes that changed, and whether they had a geometry before
  };
  struct LogColumns {
    std::vector<std::int64_t> slots, tenants, keys, versions, alterations;
    std::vector<std::string> ids, types, paths, correlators, principals, documents, details;
  };
  struct HistoryColumns {
    std::vector<std::int64_t> tenants, keys, operations, kinds;
    std::vector<std::optional<Timestamp>> observed;
    std::vector<std::optional<double>> numbers;
    std::vector<std::string> attributes, datasets, types, values;
    std::vector<std::optional<std::string>> metadata;
  };

  [[nodiscard]] Result<Working*> target(const EntityChange& change);
  [[nodiscard]] Result<> check_unique(const EntityChange& change) const;
  Working& add_working(const EntityChange& change, EntityKey fresh, Entity entity);
  void record(const Working& working, const EntityChange& change, const Applied& applied);
  void record_history(const Entity& entity, const AttributeAlteration& alteration);
  void add_removals(std::vector<db::Call>& calls) const;
  void add_claims(std::vector<db::Call>& calls) const;
  void add_inserts(std::vector<db::Call>& calls) const;
  void add_updates(std::vector<db::Call>& calls) const;
  void add_geometries(std::vector<db::Call>& calls) const;
  void add_log(std::vector<db::Call>& calls) const;
  void add_history(std::vector<db::Call>& calls) const;

  Timestamp now_;
  const TenantRules* rules_;
  std::deque<Working> working_;  ///< a deque: pointers into it stay valid
  std::map<std::pair<TenantId, std::string>, std::vector<Working*>, std::less<>> by_id_;
  LogColumns log_;
  HistoryColumns history_;
};

}  // namespace machi::broker

#pragma once
#include "broker/entity_store.h"
#include "broker/store/find_batcher.h"
#include "broker/store/write_batcher.h"

namespace machi::broker {

/// The EntityStore over PostgreSQL.
class PostgresEntityStore final : public EntityStore {
 public:
  PostgresEntityStore(db::Database& database, const TenantRules& rules, WriteBatcher::Options options,
                      WriteBatcher::Meters meters, std::function<void()> committed)
      : database_(database), finds_(database), writes_(database, rules, options, meters, std::move(committed)) {}

  [[nodiscard]] Task<Result<std::vector<StoredEntity>>> find(TenantId tenant, std::string id) override;
  [[nodiscard]] Task<Result<ChangeOutcome>> change(EntityChange change) override;
  [[nodiscard]] Task<std::vector<Result<ChangeOutcome>>> change_all(std::vector<EntityChange> changes) override;
  [[nodiscard]] Task<Result<QueryPage>> query(query::Query query) override;
  [[nodiscard]] Task<Result<std::vector<EntityTypeSummary>>> types(TenantId tenant, ScopeFilter scope,
                                                                   std::optional<std::string> only,
                                                                   bool attributes) override;

  [[nodiscard]] std::size_t writes_waiting() const { return writes_.waiting(); }
  /// Done when everything accepted has been answered.
  [[nodiscard]] Task<> close();

 private:
  /// For patterns that only RE2 can decide.
  [[nodiscard]] Task<Result<QueryPage>> refine(query::Query query);

  db::Database& database_;
  FindBatcher finds_;
  WriteBatcher writes_;
};

}  // namespace machi::broker

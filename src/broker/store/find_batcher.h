#pragma once
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/suspend.h"
#include "base/task_scope.h"
#include "broker/entity_store.h"
#include "db/database.h"

namespace machi::broker {

/// Reads by id: those of one turn of the loop become one statement, over all tenants and principals (what a principal
/// may see is filtered afterwards, in memory). Several reads of the same entity share its row.
class FindBatcher {
 public:
  static constexpr std::size_t kBatchSize = 64;

  explicit FindBatcher(db::Database& database) : database_(database), scope_(database.loop()) {}
  [[nodiscard]] Task<Result<std::vector<StoredEntity>>> find(TenantId tenant, std::string id);
  [[nodiscard]] Task<> close() { return scope_.join(); }

 private:
  using Found = Result<std::vector<StoredEntity>>;
  struct Pending {
    TenantId tenant;
    std::string id;
    Resume<Found> resume;
  };
  void flush();
  [[nodiscard]] Task<> run(std::vector<Pending> batch);

  db::Database& database_;
  TaskScope scope_;
  std::vector<Pending> queue_;
  bool scheduled_ = false;
};

}  // namespace machi::broker

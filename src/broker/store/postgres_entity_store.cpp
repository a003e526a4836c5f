#include "broker/store/postgres_entity_store.h"

namespace machi::broker {

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

#include "broker/store/find_batcher.h"

#include <boost/asio/post.hpp>

#include "broker/store/statements.h"

namespace machi::broker {
namespace {

struct Name {
  std::int32_t tenant;
  std::string_view id;
  bool operator==(const Name&) const = default;
};

struct NameHash {
  std::size_t operator()(const Name& n) const {
    return std::hash<std::string_view>()(n.id) * 31 + static_cast<std::size_t>(n.tenant);
  }
};

}  // namespace

Task<Result<std::vector<StoredEntity>>> FindBatcher::find(TenantId tenant, std::string id) {
  auto start = [this, tenant, &id](Resume<Found> resume) {
    queue_.push_back({tenant, std::move(id), std::move(resume)});
    if (scheduled_) return;
    scheduled_ = true;
    asio::post(database_.loop(), [this] {
      scheduled_ = false;
      flush();
    });
  };
  auto found = co_await suspend<Found>(std::move(start));
  co_return found;
}

void FindBatcher::flush() {
  for (std::size_t from = 0; from < queue_.size(); from += kBatchSize) {
    const auto first = queue_.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(from + kBatchSize, queue_.size()));
    std::vector<Pending> batch(std::make_move_iterator(first), std::make_move_iterator(last));
    scope_.spawn("find batch", run(std::move(batch)));
  }
  queue_.clear();
}

Task<> FindBatcher::run(std::vector<Pending> batch) {
  std::unordered_map<Name, std::vector<StoredEntity>, NameHash> wanted;
  std::vector<std::int64_t> tenants;
  std::vector<std::string_view> ids;
  for (const Pending& p : batch) {
    if (!wanted.try_emplace({p.tenant.value, p.id}).second) continue;
    tenants.push_back(p.tenant.value);
    ids.push_back(p.id);
  }
  db::Parameters parameters;
  parameters.add_array(tenants).add_array(ids);
  auto rows = co_await database_.read(statements::kFindMany, std::move(parameters));
  if (!rows) {
    for (Pending& p : batch) p.resume(fail(rows.error()));
    co_return;
  }
  const Timestamp present = now();
  for (std::size_t row = 0; row < rows->size(); ++row) {
    StoredEntity entity = statements::entity_at(*rows, row);
    if (entity.expires && *entity.expires <= present) continue;
    const auto tenant = static_cast<std::int32_t>(rows->integer(row, statements::kEntityColumns));
    wanted[{tenant, entity.id}].push_back(std::move(entity));
  }
  for (Pending& p : batch) p.resume(wanted[{p.tenant.value, p.id}]);
}

}  // namespace machi::broker

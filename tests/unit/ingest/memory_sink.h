#pragma once
#include <map>
#include <string>
#include <vector>

#include "ingest/entity_sink.h"

namespace machi::ingest {

/// A store in memory that keeps entities by id, with upsert as the broker has it: named attributes are set, others
/// stay.
class MemorySink final : public EntitySink {
 public:
  std::map<std::string, broker::Entity> entities{};
  std::vector<broker::EntityChange> changes{};
  std::vector<std::size_t> batches{};
  static constexpr Timestamp kTime{1'800'000'000'000'000};  ///< of every change, so that entities can be compared
  std::string refuse_id{};                                  ///< this entity is refused, with this code
  ErrorCode refuse_code = ErrorCode::unprocessable;

  Result<std::vector<broker::Entity>> read(broker::TenantId, std::span<const std::string> ids) override {
    std::vector<broker::Entity> out;
    for (const std::string& id : ids) {
      if (const auto it = entities.find(id); it != entities.end()) out.push_back(it->second);
    }
    return out;
  }

  Result<std::vector<Result<>>> write(std::span<const broker::EntityChange> all) override {
    std::vector<Result<>> out;
    batches.push_back(all.size());
    for (const broker::EntityChange& change : all) {
      changes.push_back(change);
      if (change.id == refuse_id) {
        out.push_back(fail(refuse_code, "not wanted"));
        continue;
      }
      const auto it = entities.find(change.id);
      auto applied = broker::apply(it == entities.end() ? nullptr : &it->second, change, kTime);
      if (!applied) {
        out.push_back(fail(applied.error()));
        continue;
      }
      entities[change.id] = std::move(applied->after);
      out.emplace_back();
    }
    return out;
  }
};

}  // namespace machi::ingest

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
  std::string refuse_id{};  ///< this entity is refused

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
        out.push_back(fail(ErrorCode::unprocessable, "not wanted"));
        continue;
      }
      apply(change);
      out.emplace_back();
    }
    return out;
  }

 private:
  void apply(const broker::EntityChange& change) {
    broker::Entity& entity = entities[change.id];
    entity.id = change.id;
    entity.type = *change.type;
    entity.service_path = change.service_path;
    for (const broker::AttributeChange& wanted : change.attributes) {
      auto it = std::ranges::find(entity.attributes, wanted.name, &broker::Attribute::name);
      if (it == entity.attributes.end()) {
        entity.attributes.push_back({.name = wanted.name});
        it = entity.attributes.end() - 1;
      }
      it->type = *wanted.type;
      it->value = *wanted.value;
      it->metadata.clear();
      for (const auto& m : wanted.metadata) it->metadata.push_back({m.name, *m.type, m.value});
    }
  }
};

}  // namespace machi::ingest

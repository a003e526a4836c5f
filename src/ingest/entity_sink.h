#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/model/change.h"
#include "broker/model/entity.h"

namespace machi::ingest {

/// Where an import puts its entities: the store behind a blocking face. Called from one thread that may block, never
/// from an event loop.
class EntitySink {
 public:
  EntitySink() = default;
  EntitySink(const EntitySink&) = delete;
  EntitySink& operator=(const EntitySink&) = delete;
  virtual ~EntitySink() = default;

  /// The entities with these ids as they stand now, whatever their type and service path; missing ones are left out,
  /// the order is free. At most ImportOptions::batch ids a call.
  [[nodiscard]] virtual Result<std::vector<broker::Entity>> read(broker::TenantId tenant,
                                                                 std::span<const std::string> ids) = 0;

  /// Applies the changes, each wholly or not at all, and answers once they are durable: one answer a change, in order.
  /// An error of the call itself, and an answer busy, timeout, outcome_unknown, bad_gateway or internal, ends the
  /// import; running it again completes it.
  [[nodiscard]] virtual Result<std::vector<Result<>>> write(std::span<const broker::EntityChange> changes) = 0;
};

/// Knows no entities and takes every change: for a dry run without a database.
class NullSink final : public EntitySink {
 public:
  Result<std::vector<broker::Entity>> read(broker::TenantId, std::span<const std::string>) override {
    return std::vector<broker::Entity>();
  }
  Result<std::vector<Result<>>> write(std::span<const broker::EntityChange> changes) override {
    return std::vector<Result<>>(changes.size());
  }
};

}  // namespace machi::ingest

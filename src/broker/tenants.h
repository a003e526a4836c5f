#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/task.h"
#include "broker/model/entity.h"
#include "broker/store/tenant_rules.h"
#include "core/audit.h"
#include "db/database.h"

namespace machi::broker {

/// What is set for one tenant; new ones get the defaults of the configuration.
struct TenantSettings {
  bool unique_entity_ids = true;            ///< NGSIv2 refuses a second entity of the same id
  bool orion_forbidden_characters = false;  ///< NGSIv2 refuses < > " ' = ; ( ) as Orion does
};

struct Tenant {
  TenantId id{};
  std::string name;
  TenantSettings settings{};
};

/// Tenants by name, on one loop. The list is kept in memory and read again when it is older than a second, so that all
/// nodes see a change of settings within that time. A name that is not in it is asked for: a new tenant is there at
/// once, wherever it was made.
class TenantDirectory {
 public:
  struct Options {
    TenantSettings defaults{};
    bool create_on_write = true;  ///< the first write makes a tenant; otherwise unknown names are refused
  };
  TenantDirectory(db::Database& database, Options options) : database_(database), options_(options) {}

  /// The tenant of this name (lower case; empty for the default tenant), nothing if there is none.
  [[nodiscard]] Task<Result<std::optional<Tenant>>> find(std::string name);
  /// As find; makes it if need be. Errors: not_found when tenants are not made by writing.
  /// `actor`: for the audit record of the creation.
  [[nodiscard]] Task<Result<Tenant>> find_or_create(std::string name, core::Actor actor);
  /// For the write batcher: rules of the tenants known here.
  [[nodiscard]] const TenantRules& rules() const { return rules_; }
  [[nodiscard]] const Options& options() const { return options_; }
  /// Name of a known tenant; empty when unknown.
  [[nodiscard]] Task<Result<std::string>> name_of(TenantId tenant);

 private:
  [[nodiscard]] Task<Result<>> refresh(bool now);
  void remember(const db::Rows& rows);

  db::Database& database_;
  Options options_;
  std::unordered_map<std::string, Tenant> by_name_;
  TenantRules rules_;
  std::chrono::steady_clock::time_point read_{};
};

}  // namespace machi::broker

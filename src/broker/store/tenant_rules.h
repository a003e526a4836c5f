#pragma once
#include <unordered_map>

#include "broker/model/entity.h"

namespace machi::broker {

/// What a tenant's settings say about writes.
struct TenantRule {
  bool unique_entity_ids = true;  ///< NGSIv2 refuses a second entity of the same id, whatever its type and service path
};

/// The rules of all tenants that a loop knows; those it does not know have the defaults.
class TenantRules {
 public:
  [[nodiscard]] TenantRule of(TenantId tenant) const {
    const auto it = rules_.find(tenant.value);
    return it == rules_.end() ? TenantRule{} : it->second;
  }
  void set(TenantId tenant, TenantRule rule) { rules_[tenant.value] = rule; }

 private:
  std::unordered_map<std::int32_t, TenantRule> rules_;
};

}  // namespace machi::broker

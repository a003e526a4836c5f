#pragma once
#include "broker/entity_store.h"
#include "db/connection.h"

namespace machi::broker::statements {

/// Columns of every select of entities, in this order; read back with entity_at.
inline constexpr int kEntityColumns = 9;
/// The same for statements that are built: columns of the alias `e`.
[[nodiscard]] std::string_view entity_columns();

extern const db::Statement kFindMany;  ///< $1 tenants, $2 ids; the tenant follows the entity's columns
extern const db::Statement kLock;  ///< $1 tenants, $2 ids; as kFindMany, then the correlator; rows locked in key order
extern const db::Statement kRemove;    ///< $1 tenants, $2 keys
extern const db::Statement kRemember;  ///< removed_entity: $1 tenants, $2 keys, $3 ids, $4 types, $5 paths, $6 time
extern const db::Statement kClaimIds;  ///< $1 tenants, $2 ids, $3 keys of new entities whose ids must be theirs alone
extern const db::Statement kInsert;    ///< see ChangePlan::writes
extern const db::Statement kUpdate;
extern const db::Statement kLog;
extern const db::Statement kHistory;
extern const db::Statement kRemoveGeometry;  ///< $1 tenants, $2 keys, $3 attributes
extern const db::Statement kInsertGeometry;  ///< $1 tenants, $2 keys, $3 attributes, $4 datasets, $5 GeoJSON
extern const db::Statement kKeyBlock;        ///< the next block of entity keys

/// The entity in row `row` whose columns begin at 0.
[[nodiscard]] StoredEntity entity_at(const db::Rows& rows, std::size_t row);

}  // namespace machi::broker::statements

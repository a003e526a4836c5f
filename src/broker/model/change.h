#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/model/entity.h"

namespace machi::broker {

/// An update operator of NGSIv2 ("Update operators related to attribute values"), applied by `apply` in memory.
enum class UpdateOperator : std::uint8_t {
  none,
  increment,
  multiply,
  minimum,
  maximum,
  push,
  add_to_set,
  pull,
  pull_all,
  set,
  unset
};

/// A request's word on one metadata.
struct MetadataChange {
  std::string name;
  std::optional<std::string> type;  ///< absent: by the value
  JsonText value = "null";
};

/// A request's word on one attribute.
struct AttributeChange {
  std::string name;
  std::optional<std::string> type{};  ///< absent: keeps the present one, or follows the value
  std::optional<JsonText>
      value{};  ///< absent: keeps the present one (NGSIv2 allows a change of metadata alone), or null
  std::vector<MetadataChange> metadata{};
  /// `{"$inc": 1}` and the like, in the order given; the JSON operand of each. Value is unused then.
  std::vector<std::pair<UpdateOperator, JsonText>> operators{};
  std::optional<Timestamp> observed{};
};

enum class ChangeAction : std::uint8_t {
  create,  ///< POST /v2/entities: the entity must not exist
  upsert,  ///< options=upsert: replaces nothing that is not named; creates if needed
  append,  ///< POST …/attrs, op/update append: adds or updates; `create_missing` decides whether a new entity is made
  append_strict,  ///< adds only; attributes that exist are refused, the rest is added
  update,         ///< PATCH …/attrs: updates only; attributes that do not exist are refused, the rest is updated
  replace,        ///< PUT …/attrs: the given attributes become the whole set
  remove_entity,
  remove_attributes,
};

/// One validated request to one entity: what every face hands to the store.
struct EntityChange {
  TenantId tenant{};
  std::string id;
  std::optional<std::string> type{};  ///< absent: whatever single entity has this id
  std::string service_path = "/";
  ChangeAction action = ChangeAction::update;
  std::vector<AttributeChange> attributes{};
  bool create_missing = false;     ///< append of op/update creates the entity
  bool override_metadata = false;  ///< options=overrideMetadata
  bool forced = false;             ///< options=forcedUpdate: notifies although nothing changes
  std::string correlator{};
  std::string principal{};  ///< subject of the acting principal, for log and audit
};

/// Kinds of alteration of one change, as subscriptions know them. A set of bits.
enum Alteration : std::uint8_t { kEntityCreate = 1, kEntityChange = 2, kEntityUpdate = 4, kEntityDelete = 8 };

/// One changed attribute: what history and notifications need.
struct AttributeAlteration {
  std::string name;
  enum class Kind : std::uint8_t { created, value_changed, metadata_changed, touched, removed } kind;
  std::optional<Attribute> before{};  ///< absent when it was created
};

/// What applying a change did.
struct Applied {
  /// The entity after the change (before its removal, for remove_entity).
  Entity after;
  std::uint8_t alterations = 0;  ///< bits of Alteration; 0: nothing to write
  std::vector<AttributeAlteration> altered{};
  /// Set when a part was refused (partial_update): the rest has been applied and is written all the same.
  std::optional<Error> refused{};
};

/// Applies one change to the present state, in memory. Pure: no clock, no I/O. `current` is nullptr when no such entity
/// exists. The rules of metadata, of absent types and values, of the update operators, of dateExpires and of the single
/// location are here and nowhere else. Errors leave the entity as it was: not_found, already_exists, unprocessable,
/// bad_request, no_resources.
[[nodiscard]] Result<Applied> apply(const Entity* current, const EntityChange& change, Timestamp now);

}  // namespace machi::broker

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
  bool override_metadata = false;  ///< options=overrideMetadata: metadata not in the request goes
  bool forced = false;             ///< options=forcedUpdate: notifies although nothing changes
  std::string correlator{};
  std::string principal{};  ///< subject of the acting principal, for log and audit
};

/// Kinds of alteration of one change, as subscriptions know them. A set of bits: an actual change is an update as well,
/// so a subscription is concerned when its own set and this one have a bit in common.
enum Alteration : std::uint8_t {
  kEntityCreate = 1,
  kEntityChange = 2,  ///< a value, a type or metadata is another than before, or the change was forced
  kEntityUpdate = 4,  ///< the entity was updated, with or without a change
  kEntityDelete = 8
};

/// One attribute that the request concerned: what history and notifications need.
struct AttributeAlteration {
  enum class Kind : std::uint8_t {
    created,
    value_changed,     ///< value or type (metadata perhaps too); forced and replaced ones as well
    metadata_changed,  ///< metadata alone
    touched,           ///< named in the request, but as it was: nothing to write in the history
    removed
  };
  std::string name;
  Kind kind = Kind::touched;
  /// As it was before the change; absent when it was created, and when touched (it was as it is).
  std::optional<Attribute> before{};
};

/// What applying a change did.
struct Applied {
  /// The entity after the change (before its removal, for remove_entity). Its version is one more than the current one.
  Entity after;
  std::uint8_t alterations = 0;  ///< bits of Alteration; kEntityUpdate alone: only the log has something to tell
  /// Attributes in the order of the request, then those that a replacement removed. Empty for remove_entity.
  std::vector<AttributeAlteration> altered{};
  /// Set when a part was refused (partial_update): the rest has been applied and is written all the same.
  std::optional<Error> refused{};

  [[nodiscard]] bool changes_state() const { return (alterations & ~kEntityUpdate) != 0; }
};

/// The sentences of the two refusals that name attributes. `Error::message` is prefix and subject, `Error::field` the
/// subject alone (`E1/T - [ A, B ]`), so that the refusals of a batch can be told in one sentence.
inline constexpr std::string_view kDoNotExist = "do not exist: ";
inline constexpr std::string_view kAlreadyExist = "one or more of the attributes in the request already exist: ";
/// `E1/T`, or `E1` when the request names no type.
[[nodiscard]] std::string entity_label(const EntityChange& change);

/// Applies one change to the present state, in memory. Pure: no clock, no I/O. `current` is nullptr when no such entity
/// exists. The rules of metadata, of absent types and values, of the update operators, of dateExpires and of the single
/// location are here and nowhere else. Errors leave the entity as it was: not_found, already_exists, unprocessable,
/// bad_request, no_resources.
///
/// An update that changes nothing is accepted: neither the entity's nor the attribute's modified time moves.
/// A replaced attribute is a new one: both its times are `now`, its old metadata is gone.
/// An attribute changed by operators counts as changed, whatever comes out.
[[nodiscard]] Result<Applied> apply(const Entity* current, const EntityChange& change, Timestamp now);

}  // namespace machi::broker

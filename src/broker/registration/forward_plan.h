#pragma once
#include <span>
#include <string>
#include <vector>

#include "broker/model/change.h"
#include "broker/query/tree.h"
#include "broker/registration/registration.h"

// Who has to be asked. Pure: registrations and what is known locally go in, requests to providers come out.

namespace machi::broker {

/// What a list of entities (or one entity, by id) is asked with.
struct ForwardQuestion {
  ScopeFilter scope{};
  std::vector<query::EntitySelector> selectors{};  ///< any of them; empty: all entities
  std::vector<std::string> attributes{};           ///< to be shown; empty or with `*`: all
  int limit = 20;
  int offset = 0;
};

/// What the broker itself has found: the entities of the page, and how many there are in all.
struct LocalEntities {
  std::vector<Entity> page{};
  std::int64_t total = 0;
};

/// Which entities a provider is asked for: what both the question and the registration say.
struct ForwardedEntity {
  std::string id{}, id_pattern{};      ///< exactly one is set
  std::string type{}, type_pattern{};  ///< at most one is set
  bool operator==(const ForwardedEntity&) const = default;
};

/// One question to one provider.
struct QueryForward {
  std::string url{};
  bool legacy = false;
  std::vector<std::string> registrations{};  ///< ids of those that led to it
  ForwardedEntity entity{};
  std::vector<std::string> attributes{};  ///< empty: all
  /// It completes an entity of the local page: it counts for no paging, and what it brings beyond that is dropped.
  bool completes = false;
};

/// The questions that the registrations (oldest first, of one tenant) call for. Entities that the page has no room for
/// are not asked for; attributes that are known locally neither.
[[nodiscard]] std::vector<QueryForward> plan_query(std::span<const Registration> registrations,
                                                   const ForwardQuestion& question, const LocalEntities& local,
                                                   Timestamp now);

/// Whether any registration may have a say in the question, whatever is known locally. Cheap.
[[nodiscard]] bool concerns_query(std::span<const Registration> registrations, const ForwardQuestion& question,
                                  Timestamp now);

/// Attributes of one entity that an update did not find locally.
struct UnmetUpdate {
  std::string id{};
  std::string type{};  ///< of the local entity if there is one, else as the request says; may be empty
  std::vector<AttributeChange> attributes{};
  bool applied_some = false;  ///< other attributes of the entity were updated locally
};

/// One update to one provider.
struct UpdateForward {
  std::string url{};
  bool legacy = false;
  std::vector<std::string> registrations{};
  std::vector<UnmetUpdate> entities{};
};

struct UpdatePlan {
  std::vector<UpdateForward> forwards{};  ///< empty: the registrations cannot help
  std::vector<UnmetUpdate> unserved{};    ///< what no provider takes
  bool applied_some = false;
};

/// Only for updates (PATCH, PUT, `update` and `replace`): what appends or deletes is never forwarded. An update without
/// a type reaches registrations without a type only. Each attribute goes to one provider: the oldest registration that
/// names it, else the oldest for all attributes of the entity.
[[nodiscard]] UpdatePlan plan_update(std::span<const Registration> registrations, std::string_view service_path,
                                     std::vector<UnmetUpdate> unmet, Timestamp now);

}  // namespace machi::broker

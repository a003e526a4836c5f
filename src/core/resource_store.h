#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/timestamp.h"
#include "core/audit.h"
#include "core/resource_declaration.h"
#include "db/database.h"

namespace machi::core {

/// A resource as it is stored: secrets in the clear (see masked).
struct Resource {
  std::string id;
  Json document;  ///< the declared fields
  Json state;     ///< the read-only fields
  std::int64_t revision = 0;
  Timestamp created{}, modified{};
  std::string modified_by;

  /// Changes with every revision, and is another one after removal and new creation.
  [[nodiscard]] std::string etag() const;
};

/// Why a request about resources failed: an error as everywhere, all faults of fields, or a lost update.
struct ResourceError {
  Error error;
  std::vector<FieldFault> faults{};
  bool precondition_failed = false;  ///< If-Match or If-None-Match (RFC 9110 §13.1): 412
};

template <typename T>
using ResourceResult = std::expected<T, ResourceError>;

struct ResourcePage {
  std::vector<Resource> resources;
  std::int64_t total = 0;
};

/// One change. Which fields count depends on the action.
struct ResourceChange {
  enum class Action : std::uint8_t {
    create,   ///< body; refused when its id is taken
    replace,  ///< id, body; makes it where there is none
    patch,    ///< id, body as a merge patch
    remove,   ///< id
  };
  Action action = Action::create;
  std::string id{};
  Json body{};
  std::optional<std::string> if_match{};       ///< an ETag, or `*`
  std::optional<std::string> if_none_match{};  ///< `*`: only if there is none
  bool dry_run = false;                        ///< everything is checked, nothing is written
};

struct ResourceOutcome {
  enum class What : std::uint8_t { created, changed, unchanged, removed };
  What what = What::unchanged;
  Resource resource{};  ///< as it is now; for removed: as it was
};

/// Resources of all kinds in the database. A change and its audit record are one transaction. Lives on the loop of its
/// Database.
class ResourceStore {
 public:
  explicit ResourceStore(db::Database& database) : database_(database) {}

  /// The tenant column for a tenant's name; 0 for kinds of the platform. Errors: not_found.
  [[nodiscard]] Task<Result<std::int32_t>> tenant_of(const ResourceDeclaration* declaration, std::string name);

  /// Names of all tenants, the default one (empty) first.
  [[nodiscard]] Task<Result<std::vector<std::string>>> tenants();

  [[nodiscard]] Task<Result<ResourcePage>> list(const ResourceDeclaration* declaration, std::int32_t tenant,
                                                std::int64_t limit, std::int64_t offset);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<Resource>> get(const ResourceDeclaration* declaration, std::int32_t tenant, std::string id);

  /// Errors: bad_request with all faults, not_found, conflict (the id is taken, or others keep changing it),
  /// precondition_failed, busy, outcome_unknown.
  [[nodiscard]] Task<ResourceResult<ResourceOutcome>> change(const ResourceDeclaration* declaration,
                                                             std::int32_t tenant, ResourceChange change, Actor actor);

 private:
  [[nodiscard]] Task<Result<>> write(const ResourceDeclaration* declaration, std::int32_t tenant,
                                     const std::optional<Resource>* before, const ResourceOutcome* outcome,
                                     const Actor* actor, db::Database::Lease* connection, std::string mark);
  db::Database& database_;
};

}  // namespace machi::core

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/timestamp.h"
#include "db/database.h"

namespace machi::core {

/// Who acts, for log and audit.
struct Actor {
  std::string principal;
  std::string correlator;
};

/// One change of what staff manage. `resource` names it as its path does: `tenants/smartcity`, `subscriptions/5f0…`.
/// `before` and `after` are JSON texts without secrets (without_secrets), empty where there was or is nothing.
struct AuditRecord {
  std::optional<std::int32_t> tenant{};
  std::string_view operation;
  std::string resource;
  std::string before{};
  std::string after{};
};

/// The call that writes a record. Goes into the transaction of the change.
[[nodiscard]] db::Call audit(const Actor& actor, const AuditRecord& record);

/// A JSON text in which every secret is `"***"`: values of members whose name says so (passwd, password, secret, token,
/// authorization, …), all values of `headers`, and what stands before `@` in the authority of a URL. Text that is no
/// JSON becomes empty: better no detail than a secret.
[[nodiscard]] std::string without_secrets(std::string_view json);

struct AuditEntry {
  std::int64_t id = 0;
  Timestamp recorded{};
  std::optional<std::string> tenant{};  ///< its name
  std::string principal, operation, resource, outcome, correlator;
  std::string detail;  ///< `{"before":…,"after":…}`
};

struct AuditQuery {
  std::optional<Timestamp> from{}, to{};  ///< from included, to not
  std::optional<std::string> principal{}, operation{}, resource{}, tenant{};
  std::optional<std::int64_t> before{};  ///< only entries older than the one with this id
  std::int64_t limit = 100;
};

/// The audit records, newest first. Lives on the loop of its Database.
class AuditLog {
 public:
  explicit AuditLog(db::Database& database) : database_(database) {}
  [[nodiscard]] Task<Result<std::vector<AuditEntry>>> read(AuditQuery query);
  /// For changes that happen outside the database.
  [[nodiscard]] Task<Result<>> write(Actor actor, AuditRecord record);

 private:
  db::Database& database_;
};

}  // namespace machi::core

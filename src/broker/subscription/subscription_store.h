#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_box.h"
#include "base/task.h"
#include "broker/subscription/subscription.h"
#include "core/audit.h"
#include "db/database.h"

namespace machi::broker {

/// Who asks for a change of a declaration, for log and audit.
using core::Actor;

/// A subscription with its place in the log.
struct StoredSubscription {
  Subscription subscription;
  std::int64_t created_sequence = 0;  ///< changes before this are older than the subscription
  std::int64_t revision = 0;          ///< grows with every change of the definition
};

struct SubscriptionPage {
  std::vector<Subscription> subscriptions;
  std::int64_t total = 0;
};

/// What deliveries did to a subscription since the last flush.
struct DeliveryUpdate {
  TenantId tenant{};
  std::string id;
  std::int64_t sent = 0;
  std::optional<Timestamp> last_notification{};
  std::optional<Timestamp> last_success{};
  std::optional<int> last_success_code{};
  std::optional<Timestamp> last_failure{};
  std::string last_failure_reason{};
  bool succeeded = false;     ///< a delivery succeeded: the counter of failures starts again
  std::int64_t failures = 0;  ///< events whose first attempt failed, since the last success
  std::int64_t dropped = 0;
};

/// The counter of failures of a subscription after an update, over all nodes.
struct FailureCount {
  TenantId tenant{};
  std::string id;
  std::int64_t fails_counter = 0;
};

/// Subscriptions in the database. Every change of a definition also goes through the change log, in the same
/// transaction, so that all nodes apply it at its place among the changes of entities. Passwords are sealed wherever
/// they are stored. Lives on the loop of its Database.
class SubscriptionStore {
 public:
  SubscriptionStore(db::Database& database, std::shared_ptr<const SecretBox> secrets)
      : database_(database), secrets_(std::move(secrets)) {}

  [[nodiscard]] Task<Result<>> create(Subscription subscription, Actor actor);
  /// In the order of creation. `service_path`: only those of exactly this one.
  [[nodiscard]] Task<Result<SubscriptionPage>> list(TenantId tenant, std::optional<std::string> service_path,
                                                    std::int64_t limit, std::int64_t offset);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<Subscription>> get(TenantId tenant, std::string id);
  /// Reads, lets `patch` change it (which may refuse), writes. Repeated when another change came between. Errors:
  /// not_found, those of `patch`.
  [[nodiscard]] Task<Result<>> update(TenantId tenant, std::string id, std::function<Result<>(Subscription&)> patch,
                                      Actor actor);
  [[nodiscard]] Task<Result<>> remove(TenantId tenant, std::string id, Actor actor);

  /// Everything, for the dispatcher at its start. Secrets that an earlier version left open in the database are sealed.
  [[nodiscard]] Task<Result<std::vector<StoredSubscription>>> load_all();
  /// Reads the log's document of a subscription (ChangeKind::subscription): all that the dispatchers need.
  [[nodiscard]] Result<StoredSubscription> from_announcement(std::string_view document) const;
  [[nodiscard]] Task<Result<std::vector<FailureCount>>> record(std::vector<DeliveryUpdate> updates);

 private:
  [[nodiscard]] Task<Result<StoredSubscription>> fetch(TenantId tenant, std::string id);
  [[nodiscard]] Result<StoredSubscription> stored_at(const db::Rows& rows, std::size_t row) const;
  [[nodiscard]] Task<> seal(Subscription subscription, std::string open);
  [[nodiscard]] std::string sealed_definition(Subscription subscription) const;
  [[nodiscard]] Result<Subscription> open_definition(std::string_view definition) const;
  [[nodiscard]] std::string to_announcement(const StoredSubscription& stored) const;
  [[nodiscard]] db::Call announcement(const StoredSubscription& stored, const Actor& actor) const;

  db::Database& database_;
  std::shared_ptr<const SecretBox> secrets_;
};

}  // namespace machi::broker

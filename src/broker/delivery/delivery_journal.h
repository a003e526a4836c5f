#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/task_scope.h"
#include "broker/subscription/subscription_store.h"
#include "core/log_consumer.h"
#include "db/database.h"

namespace machi::broker {

/// A delivery that is not done yet and outlives a crash: a row of machi.pending_delivery. It failed and waits for
/// another try, found no room in memory, or was claimed and is under way.
struct PendingDelivery {
  TenantId tenant{};
  std::string subscription;
  std::int64_t sequence = 0;  ///< of the change in the log
  int slot = 0;
  std::int64_t entity_key = 0;
  std::int64_t version = 0;
  std::string event;  ///< see to_text
  int attempts = 0;
  Timestamp first_attempt{};
  Timestamp next_attempt{};

  // In memory only.
  std::string last_reason{};
  Timestamp recorded{};  ///< when the change was made
  int ordinal = 1;       ///< see NotificationContext
};

/// What the database must decide before a change is notified.
struct Claim {
  bool one_shot = false;        ///< it fires only if it has not fired
  std::int64_t throttling = 0;  ///< seconds that must lie between two changes that are notified; 0: any
  bool repeated = false;        ///< an earlier try for the same delivery failed, and may have been committed
};

/// Writes down what deliveries did: counters of subscriptions and deliveries that wait, gathered in memory and written
/// together. What it has been given holds the place in the log until it is in the database.
class DeliveryJournal {
 public:
  DeliveryJournal(db::Database& database, SubscriptionStore& subscriptions)
      : database_(database), subscriptions_(subscriptions) {}

  /// `first`: the event had no attempt before, and counts in timesSent.
  void sent(TenantId tenant, const std::string& subscription, Timestamp at, std::optional<int> status, bool first,
            core::LogHold hold);
  /// `first`: the event's first attempt, which counts in failsCounter.
  void failed(TenantId tenant, const std::string& subscription, Timestamp at, const std::string& reason, bool first,
              core::LogHold hold);
  void dropped(TenantId tenant, const std::string& subscription, std::int64_t count);
  /// Decides whether a one-shot or throttled subscription notifies a change, and writes the delivery down to wait in
  /// the same transaction: so it is repeated after a crash. Asked again after an error, it does not decide twice.
  [[nodiscard]] Task<Result<bool>> claim(PendingDelivery delivery, Claim claim);
  /// Adds or replaces a waiting delivery.
  void keep(const PendingDelivery& delivery, core::LogHold hold);
  void forget(const PendingDelivery& delivery);

  /// Writes what has gathered; keeps it for the next time on failure. Answers the counters of failures that changed.
  [[nodiscard]] Task<std::vector<FailureCount>> flush();
  /// Deliveries since the last flush.
  [[nodiscard]] std::size_t size() const { return holds_.size(); }
  [[nodiscard]] bool is_empty() const { return updates_.empty() && kept_.empty() && forgotten_.empty(); }
  /// Waiting deliveries of these slots, oldest first.
  [[nodiscard]] Task<Result<std::vector<PendingDelivery>>> load(std::vector<std::int64_t> slots);

 private:
  using Name = std::pair<TenantId, std::string>;
  using Place = std::pair<Name, std::int64_t>;
  DeliveryUpdate& update_of(TenantId tenant, const std::string& subscription);
  void take_back(std::map<Name, DeliveryUpdate> updates);
  [[nodiscard]] Task<Result<>> write_pending(std::vector<PendingDelivery> kept, std::vector<Place> forgotten);

  db::Database& database_;
  SubscriptionStore& subscriptions_;
  std::map<Name, DeliveryUpdate> updates_;
  std::map<Place, PendingDelivery> kept_;
  std::map<Place, bool> forgotten_;
  std::vector<core::LogHold> holds_;
};

}  // namespace machi::broker

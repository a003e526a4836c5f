#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_scope.h"
#include "broker/delivery/delivery_journal.h"
#include "broker/delivery/delivery_lanes.h"
#include "broker/delivery/delivery_sender.h"
#include "broker/delivery/known_subscriptions.h"
#include "broker/delivery/waiting_deliveries.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription_store.h"
#include "broker/tenants.h"
#include "core/log_consumer.h"
#include "core/metrics.h"

namespace machi::broker {

/// Turns the change log into notifications. Entries come in order; changes of subscriptions among them apply at their
/// place. Deliveries of one subscription about one entity keep their order: they share a lane of their endpoint, and
/// while one of them waits, newer ones queue behind it. What fails waits in the database and is tried again with
/// growing distance.
///
/// Every notification is delivered at least once: the place in the log stays before a change until all its deliveries
/// have succeeded or are written down to wait. One-shot and throttling are decided by the database in the transaction
/// that writes the delivery down, so that neither a crash nor another node changes how often they fire.
class Dispatcher final : public core::LogHandler {
 public:
  struct Options {
    std::size_t queued = 20'000;              ///< deliveries in memory; beyond, the log is not read
    std::size_t queued_per_endpoint = 4'000;  ///< beyond, they are written down to wait
    std::int64_t waiting_per_subscription = 10'000;
    std::chrono::hours waiting_time{24};
    std::chrono::milliseconds first_retry{1000};
    std::chrono::milliseconds longest_retry{300'000};
    std::chrono::milliseconds flush{10};        ///< how soon counters are written down
    std::chrono::milliseconds busy_flush{200};  ///< the same when more than a few deliveries come in that time
  };
  struct Meters {
    core::Counter* sent;
    core::Counter* failed;
    core::Counter* dropped;
    core::Histogram* delay;  ///< from the commit's recorded time to the answer
  };

  Dispatcher(Loop& loop, SubscriptionStore& subscriptions, DeliveryJournal& journal, DeliverySender& sender,
             TenantDirectory& tenants, Options options, Meters meters);

  void start();
  /// Finishes what is queued for at most `patience`, then leaves it to the next holder of the slots: the holds of what
  /// is unfinished live as long as this object.
  [[nodiscard]] Task<> stop(std::chrono::milliseconds patience);

  [[nodiscard]] Task<> handle(std::vector<core::LogEntry> entries, core::LogHold hold) override;
  [[nodiscard]] Task<Result<>> slots_changed(std::vector<std::int64_t> slots) override;
  [[nodiscard]] Task<Result<>> restart() override;

  [[nodiscard]] std::size_t queued() const { return lanes_.queued(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Delivery {
    SubscriptionPointer subscription;
    std::shared_ptr<const ChangeEvent> event;
    std::shared_ptr<const core::LogEntry> entry;
    int ordinal = 1;
    core::LogHold hold;
  };
  struct Attempt {
    DeliveryResult result;
    Timestamp recorded;  ///< when the change was made
  };

  // From the log to the lanes (dispatcher.cpp).
  [[nodiscard]] Task<bool> dispatch(std::shared_ptr<const core::LogEntry> entry, core::LogHold hold);
  [[nodiscard]] Task<std::optional<std::string>> tenant_name(TenantId tenant);
  [[nodiscard]] Task<std::optional<bool>> claim(SubscriptionPointer subscription, PendingDelivery delivery);
  [[nodiscard]] Task<> rest(int failures);
  void start_delivery(Delivery delivery);
  [[nodiscard]] Task<> deliver(Delivery delivery);
  void note_success(const Subscription& subscription, const DeliveryResult& result, Timestamp recorded, bool first,
                    core::LogHold hold);
  void note_failure(const Subscription& subscription, const std::string& reason, bool first, core::LogHold hold);
  /// Makes the subscription inactive when it has failed more often in a row, on all nodes together, than it may.
  void judge_failures(const SubscriptionName& name, std::int64_t failures);
  [[nodiscard]] Task<> deactivate(TenantId tenant, std::string id);
  [[nodiscard]] Task<> run_timer();
  [[nodiscard]] Task<> flush();

  // What waits (dispatcher_waiting.cpp).
  [[nodiscard]] static PendingDelivery pending(const Delivery& delivery);
  void wait_in_chain(const Delivery& delivery, bool attempted, std::string reason);
  void start_retry(const ChainName& name, const Subscription& subscription);
  void start_due_retries();
  [[nodiscard]] Task<> retry(ChainName name, std::int64_t newest);
  /// Tries what waits in a chain up to the sequence `newest`; true when none of it is left.
  [[nodiscard]] Task<bool> drain(ChainName name, std::int64_t newest);
  [[nodiscard]] Task<std::optional<Attempt>> send_waiting(SubscriptionPointer subscription, PendingDelivery delivery);
  [[nodiscard]] bool settle(const ChainName& name, const Subscription& subscription, const Attempt& attempt);
  void drop_oldest(const ChainName& name);
  void forget_chain(const ChainName& name);
  [[nodiscard]] Task<Result<>> load_waiting(std::vector<std::int64_t> slots);
  [[nodiscard]] std::chrono::milliseconds back_off(int attempts) const;

  SubscriptionStore& store_;
  DeliveryJournal& journal_;
  DeliverySender& sender_;
  TenantDirectory& tenants_;
  Options options_;
  Meters meters_;
  TaskScope scope_;
  LoopTimer timer_;  ///< of run_timer
  LoopTimer rest_;   ///< of rest
  KnownSubscriptions known_;
  DeliveryLanes lanes_;
  WaitingDeliveries waiting_;
  std::vector<std::int64_t> slots_;
  std::vector<core::LogHold> unfinished_;  ///< of entries that were not dispatched before the stop
  bool loaded_ = false;                    ///< known_ has been read from the database
  bool stopping_ = false;
};

}  // namespace machi::broker

#pragma once
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/task_scope.h"
#include "broker/delivery/delivery_journal.h"
#include "broker/delivery/delivery_sender.h"
#include "broker/subscription/change_event.h"
#include "broker/subscription/subscription_index.h"
#include "broker/subscription/subscription_store.h"
#include "broker/tenants.h"
#include "core/log_consumer.h"
#include "core/metrics.h"

namespace machi::broker {

/// Turns the change log into notifications. Entries come in order; changes of subscriptions among them apply at their
/// place. Deliveries to one endpoint (scheme, host and port) share sixteen lanes, a lane works one delivery after the
/// other, and deliveries of one subscription about one entity keep to one lane: order is kept there, and a dead
/// endpoint delays nobody else. What fails waits in the database and is tried again with growing distance; while
/// something waits, newer events of the same subscription and entity queue behind it.
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
  /// Finishes what is queued for at most `patience`, then leaves it to the next holder of the slots.
  [[nodiscard]] Task<> stop(std::chrono::milliseconds patience);

  [[nodiscard]] Task<> handle(std::vector<core::LogEntry> entries, core::LogHold hold) override;
  [[nodiscard]] Task<Result<>> slots_changed(std::vector<std::int64_t> slots) override;
  [[nodiscard]] Task<Result<>> restart() override;

  [[nodiscard]] std::size_t queued() const { return queued_count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }

 private:
  using SubscriptionName = std::pair<std::int32_t, std::string>;
  using ChainName = std::pair<SubscriptionName, std::int64_t>;  ///< and entity key
  struct Known {
    SubscriptionPointer subscription;
    std::int64_t created_sequence = 0;
    std::int64_t revision = 0;
  };
  struct Delivery {
    SubscriptionPointer subscription;
    std::shared_ptr<const ChangeEvent> event;
    std::shared_ptr<const core::LogEntry> entry;
    int ordinal = 1;
    core::LogHold hold;
  };
  struct Retry {
    ChainName chain;
    std::int64_t newest = 0;  ///< sequence of the newest that waited then: what comes later may stand behind lane work
  };
  using Work = std::variant<Delivery, Retry>;
  struct Lane {
    std::deque<Work> work;
    bool running = false;
  };
  struct Endpoint {
    std::array<Lane, 16> lanes;
    std::size_t queued = 0;
  };
  struct Chain {
    std::deque<PendingDelivery> waiting;
    bool retry_queued = false;
  };

  [[nodiscard]] Task<Result<>> load_subscriptions();
  void apply_subscription(const core::LogEntry& entry);
  void rebuild(TenantId tenant);
  void outdate(TenantId tenant);
  void make_inactive(const SubscriptionName& name);
  [[nodiscard]] Task<> dispatch(std::shared_ptr<const core::LogEntry> entry, core::LogHold hold);
  [[nodiscard]] Task<bool> may_notify(SubscriptionPointer subscription, Timestamp at);
  void put_into_lane(const SubscriptionName& subscription, const std::string& endpoint, std::int64_t entity_key,
                     Work work);
  [[nodiscard]] Task<> run_lane(std::string endpoint, std::size_t lane);
  [[nodiscard]] Task<> deliver(Delivery delivery);
  /// Tries what waits in a chain up to the sequence `newest`; true when none of it is left.
  [[nodiscard]] Task<bool> drain(ChainName chain, std::int64_t newest);
  void note_success(const Subscription& subscription, const DeliveryResult& result, Timestamp recorded, bool first,
                    core::LogHold hold);
  void note_failure(const Subscription& subscription, const std::string& reason, bool first, core::LogHold hold);
  /// Makes the subscription inactive when it has failed more often in a row, on all nodes together, than it may.
  void judge_failures(const SubscriptionName& name, std::int64_t failures);
  void wait_in_chain(const Delivery& delivery, bool attempted, std::string reason);
  void limit_waiting(const SubscriptionName& subscription);
  void pop_waiting(Chain& chain);
  void forget_chain(const ChainName& name);
  [[nodiscard]] Task<> run_timer();
  [[nodiscard]] Task<> flush();
  [[nodiscard]] Task<> deactivate(TenantId tenant, std::string id);
  void queue_due_retries();
  [[nodiscard]] Task<Result<>> load_waiting(std::vector<std::int64_t> slots);
  [[nodiscard]] std::chrono::milliseconds back_off(int attempts) const;
  [[nodiscard]] SubscriptionPointer known(const SubscriptionName& name) const;

  Loop& loop_;
  SubscriptionStore& store_;
  DeliveryJournal& journal_;
  DeliverySender& sender_;
  TenantDirectory& tenants_;
  Options options_;
  Meters meters_;
  TaskScope scope_;
  LoopTimer timer_;
  std::map<SubscriptionName, Known> subscriptions_;
  std::map<SubscriptionName, std::int64_t> consecutive_failures_;
  std::vector<TenantId> outdated_;  ///< tenants whose index must be rebuilt before the next event
  SubscriptionIndex index_;
  std::unordered_map<std::string, Endpoint> endpoints_;
  std::map<ChainName, Chain> chains_;
  std::map<SubscriptionName, std::int64_t> waiting_of_;
  std::vector<std::int64_t> slots_;
  std::vector<Resume<int>> blocked_;  ///< reading waits until the queue is shorter
  std::size_t queued_ = 0;
  bool loaded_ = false;  ///< subscriptions_ are those of the database
  bool stopping_ = false;
  std::atomic<std::size_t> queued_count_{0};
  std::atomic<std::size_t> waiting_count_{0};
};

}  // namespace machi::broker

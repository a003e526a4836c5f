#pragma once
#include <functional>
#include <memory>
#include <string>

#include "app/configuration.h"
#include "base/secret_box.h"
#include "base/task.h"
#include "broker/delivery/delivery_journal.h"
#include "broker/delivery/delivery_sender.h"
#include "broker/delivery/dispatcher.h"
#include "broker/subscription/subscription_store.h"
#include "broker/tenants.h"
#include "core/jobs.h"
#include "core/log_consumer.h"
#include "core/metrics.h"
#include "net/client.h"
#include "net/mqtt.h"

namespace machi::app {

/// What runs beside the requests, on a loop of its own: reading of the change log, notifications, jobs.
class Background {
 public:
  /// `url`: of the same database, for work that needs a connection of its own. `node`: the name of this node.
  Background(db::Database& database, const std::string& url, broker::TenantDirectory& tenants,
             std::shared_ptr<const net::OutgoingGuard> guard, const Configuration& configuration,
             const std::string& node, std::shared_ptr<const SecretBox> secrets, core::Metrics& metrics,
             const broker::RequestTokens& tokens, broker::Usage& usage);

  /// Reads what is subscribed, then begins. On the loop.
  [[nodiscard]] Task<> start();
  /// Finishes what has begun, in this order: jobs, the present part of the log, deliveries; then gives the place in the
  /// log to the next node. On the loop.
  [[nodiscard]] Task<> stop();
  /// Something was committed on this node. Thread-safe.
  void wake() { consumer_.wake(); }

 private:
  broker::SubscriptionStore subscriptions_;
  net::Client client_;
  net::MqttPublisher mqtt_;
  broker::DeliverySender sender_;
  broker::DeliveryJournal journal_;
  broker::Dispatcher dispatcher_;
  core::LogConsumer consumer_;
  core::JobRunner jobs_;
};

}  // namespace machi::app

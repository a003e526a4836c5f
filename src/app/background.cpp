#include "app/background.h"

#include "app/client_options.h"
#include "broker/attribute_index_job.h"
#include "broker/upkeep.h"
#include "core/upkeep.h"

namespace machi::app {
namespace {

broker::Dispatcher::Options dispatcher_options(const Configuration& configuration) {
  broker::Dispatcher::Options options;
  options.waiting_per_subscription = configuration.notifications.waiting_per_subscription;
  options.waiting_time = std::chrono::duration_cast<std::chrono::hours>(configuration.notifications.waiting_time);
  return options;
}

broker::Dispatcher::Meters dispatcher_meters(core::Metrics& metrics) {
  return {&metrics.counter("machi_notifications_sent_total", "Notifications that the receiver answered."),
          &metrics.counter("machi_notifications_failed_total", "Attempts at notifications that failed."),
          &metrics.counter("machi_notifications_dropped_total", "Notifications given up."),
          &metrics.histogram("machi_notification_delay_seconds", "Time from a change to the receiver's answer.")};
}

core::LogConsumer::Options consumer_options(const std::string& node) {
  core::LogConsumer::Options options;
  options.name = "notifications";
  options.node = node;
  return options;
}

std::vector<core::Job> jobs(db::Database& database, const std::string& url, const Configuration& configuration) {
  std::vector<core::Job> all =
      core::upkeep_jobs(database, {.change_log = configuration.change_log.keep, .audit = configuration.audit.keep});
  for (core::Job& job : broker::upkeep_jobs(database, configuration.history.keep)) all.push_back(std::move(job));
  all.push_back(broker::attribute_index_job(database, url));
  return all;
}

}  // namespace

Background::Background(db::Database& database, const std::string& url, broker::TenantDirectory& tenants,
                       std::shared_ptr<const net::OutgoingGuard> guard, const Configuration& configuration,
                       const std::string& node, std::shared_ptr<const SecretBox> secrets, core::Metrics& metrics,
                       const broker::RequestTokens& tokens, broker::Usage& usage)
    : subscriptions_(database, std::move(secrets)),
      client_(database.loop(), guard, client_options(configuration)),
      mqtt_(database.loop(), guard),
      sender_(client_, mqtt_, configuration.outgoing.timeout, tokens, usage),
      journal_(database, subscriptions_),
      dispatcher_(database.loop(), subscriptions_, journal_, sender_, tenants, dispatcher_options(configuration),
                  dispatcher_meters(metrics)),
      consumer_(database, consumer_options(node), dispatcher_),
      jobs_(database, node, jobs(database, url, configuration)) {
  metrics.gauge("machi_log_lag_seconds", "Age of the oldest change whose notifications are not finished.",
                [this] { return consumer_.lag_seconds(); });
  metrics.gauge("machi_log_slots", "Slots of the change log that this node answers for.",
                [this] { return static_cast<double>(consumer_.slots_held()); });
  metrics.gauge("machi_notifications_queued", "Notifications in memory.",
                [this] { return static_cast<double>(dispatcher_.queued()); });
  metrics.gauge("machi_notifications_waiting", "Failed notifications that wait for another try.",
                [this] { return static_cast<double>(dispatcher_.waiting()); });
}

Task<> Background::start() {
  dispatcher_.start();
  consumer_.start();
  jobs_.start();
  co_return;
}

Task<> Background::stop() {
  co_await jobs_.stop();
  co_await consumer_.end_reading(std::chrono::milliseconds(2000));
  co_await dispatcher_.stop(std::chrono::milliseconds(3000));
  co_await consumer_.stop();
}

}  // namespace machi::app

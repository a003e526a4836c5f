#include "app/import.h"

#include <cstdio>
#include <iostream>

#include "app/database_access.h"
#include "app/loop_threads.h"
#include "base/ids.h"
#include "broker/store/postgres_entity_store.h"
#include "broker/tenants.h"
#include "core/metrics.h"
#include "core/principal.h"
#include "ingest/demonstration.h"
#include "ingest/import_command.h"

namespace machi::app {
namespace {

int report(const Error& error) {
  std::cerr << "machi: " << error.message << '\n';
  return static_cast<int>(ingest::ImportExit::failed);
}

core::Actor operator_actor() {
  return {core::Principal::local_operator().subject, random_uuid()};
}

/// Nobody waits at the other end of a connection: what a slow disk takes longer for is not refused.
broker::WriteBatcher::Options patient_options() {
  broker::WriteBatcher::Options options;
  options.answer_time = std::chrono::minutes(10);
  options.longest_wait = options.answer_time;
  return options;
}

/// The store behind the blocking face that imports use: a loop of its own in a thread of its own.
class StoreSink final : public ingest::EntitySink {
 public:
  StoreSink(const std::string& url, const Configuration& configuration)
      : threads_(0), database_(threads_.at(0), options(url)) {
    broker::TenantDirectory::Options tenant_options;
    tenant_options.defaults.unique_entity_ids = configuration.tenants.unique_entity_ids;
    tenants_ = std::make_unique<broker::TenantDirectory>(database_, tenant_options);
    entities_ = std::make_unique<broker::PostgresEntityStore>(
        database_, tenants_->rules(), patient_options(),
        broker::WriteBatcher::Meters{&counters_[0], &counters_[1], &counters_[2]}, [] {});
    threads_.start();
  }
  ~StoreSink() override { threads_.wait_for(0, close(entities_.get(), &database_)); }

  Result<broker::TenantId> tenant(std::string name) {
    auto tenant = threads_.wait_for(0, tenants_->find_or_create(std::move(name), operator_actor()));
    if (!tenant) return fail(tenant.error());
    return tenant->id;
  }

  Result<std::vector<broker::Entity>> read(broker::TenantId tenant, std::span<const std::string> ids) override {
    return threads_.wait_for(0, read_all(entities_.get(), tenant, std::vector<std::string>(ids.begin(), ids.end())));
  }

  Result<std::vector<Result<>>> write(std::span<const broker::EntityChange> changes) override {
    auto outcomes =
        threads_.wait_for(0, entities_->change_all(std::vector<broker::EntityChange>(changes.begin(), changes.end())));
    std::vector<Result<>> results;
    for (auto& outcome : outcomes) {
      if (!outcome) {
        results.emplace_back(fail(outcome.error()));
      } else if (outcome->refused) {
        results.emplace_back(fail(*outcome->refused));
      } else {
        results.emplace_back();
      }
    }
    return results;
  }

 private:
  static db::DatabaseOptions options(const std::string& url) {
    db::DatabaseOptions o;
    o.url = url;
    return o;
  }

  static Task<Result<std::vector<broker::Entity>>> read_all(broker::EntityStore* store, broker::TenantId tenant,
                                                            std::vector<std::string> ids) {
    std::vector<broker::Entity> entities;
    for (std::string& id : ids) {
      auto found = co_await store->find(tenant, std::move(id));
      if (!found) co_return fail(found.error());
      for (const broker::StoredEntity& stored : *found) {
        auto entity = stored.parse(tenant);
        if (!entity) co_return fail(entity.error());
        entities.push_back(std::move(*entity));
      }
    }
    co_return entities;
  }

  static Task<> close(broker::PostgresEntityStore* entities, db::Database* database) {
    co_await entities->close();
    co_await database->close();
  }

  LoopThreads threads_;
  db::Database database_;
  std::unique_ptr<broker::TenantDirectory> tenants_;
  std::unique_ptr<broker::PostgresEntityStore> entities_;
  std::array<core::Counter, 3> counters_;
};

}  // namespace

int run_import(const Configuration& configuration, const std::filesystem::path& data,
               std::span<const std::string_view> arguments) {
  auto command = ingest::parse_import_command(arguments);
  if (!command) return report(command.error());
  if (command->help) {
    std::cout << ingest::import_usage(command->language);
    return 0;
  }
  command->options.principal = core::Principal::local_operator().subject;
  auto access = DatabaseAccess::open(configuration, data);
  if (!access) return report(access.error());
  StoreSink sink(access->url(), configuration);
  auto tenant = sink.tenant(command->tenant);
  if (!tenant) return report(tenant.error());
  command->options.tenant = *tenant;
  return static_cast<int>(ingest::run_import_command(*command, sink, stdout, stderr));
}

int run_load_demonstration(const Configuration& configuration, const std::filesystem::path& data) {
  auto access = DatabaseAccess::open(configuration, data);
  if (!access) return report(access.error());
  StoreSink sink(access->url(), configuration);
  auto tenant = sink.tenant("");
  if (!tenant) return report(tenant.error());
  auto catalogue = ingest::DatasetCatalogue::load();
  if (!catalogue) return report(catalogue.error());
  auto reports = ingest::load_demonstration(*tenant, *catalogue, sink);
  if (!reports) return report(reports.error());
  for (const ingest::ImportReport& r : *reports) std::cout << r.dataset << ": " << r.rows << '\n';
  return 0;
}

}  // namespace machi::app

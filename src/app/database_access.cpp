#include "app/database_access.h"

#include <cstdlib>

#include "base/log.h"
#include "core/upkeep.h"
#include "db/migrations.h"

namespace machi::app {

Result<DatabaseAccess> DatabaseAccess::open(const Configuration& configuration, const std::filesystem::path& data) {
  DatabaseAccess access;
  access.url_ = configuration.database.url;
  if (access.url_.empty()) {
    db::PrivateCluster::Options options;
    options.folder = data;
    options.memory_megabytes = static_cast<int>(configuration.database.memory_megabytes);
    // The one place where the programs are looked for reads the environment, as upgrade-database does.
    if (!configuration.postgres_bin.empty()) setenv("MACHI_POSTGRES_BIN", configuration.postgres_bin.c_str(), 1);
    auto started = db::PrivateCluster::start(std::move(options));
    if (started) {
      access.cluster_ = std::move(*started);
      access.url_ = access.cluster_->connection_string();
    } else if (started.error().code == ErrorCode::conflict) {
      auto running = db::running_cluster(data);
      if (!running) return fail(started.error());
      access.url_ = std::move(*running);
    } else {
      return fail(started.error());
    }
  }
  if (auto ready = db::ensure_extensions(access.url_); !ready) return fail(ready.error());
  auto applied = db::migrate(access.url_, db::all_migrations());
  if (!applied) return fail(applied.error());
  if (*applied > 0) log::info("database migrated", {{"migrations", *applied}});
  if (auto ready = db::run_once(access.url_, core::kMakePartitions); !ready) return fail(ready.error());
  return access;
}

}  // namespace machi::app

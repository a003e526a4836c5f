#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "app/configuration.h"
#include "base/result.h"
#include "db/private_cluster.h"

namespace machi::app {

/// The database of a command: database.url, else the private cluster of the data folder, which is started if need be
/// and stopped afterwards, or used beside the Machi that runs it. All migrations are applied.
class DatabaseAccess {
 public:
  [[nodiscard]] static Result<DatabaseAccess> open(const Configuration& configuration,
                                                   const std::filesystem::path& data);
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  std::unique_ptr<db::PrivateCluster> cluster_;
  std::string url_;
};

}  // namespace machi::app

#pragma once
#include <filesystem>
#include <memory>

#include "app/configuration.h"
#include "base/result.h"

namespace machi::app {

/// One running Machi: database, loops, features and their routes, put together. The only place that knows every
/// feature.
class Node {
 public:
  /// Brings everything up: private cluster (without database.url), migrations, loops, servers. Blocking. Prints
  /// nothing. Errors name the setting or the part at fault.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(Configuration configuration, std::filesystem::path data);
  /// Stops in order: servers finish what is under way, the log's place is kept, connections close, the private cluster
  /// stops.
  ~Node();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t operations_port() const;
  /// Certificates are read again.
  void reload();

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace machi::app

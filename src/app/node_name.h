#pragma once
#include <filesystem>
#include <string>

namespace machi::app {

/// The name by which a node holds leases. It outlives a restart, so that the next process takes over at once what the
/// last one held.
class NodeName {
 public:
  /// `configured` if it is not empty; else the name in the file `node.name` of the data folder, which is made when it
  /// is missing and kept locked, so that two processes never share it. A process that cannot have it gets a name for
  /// this run only.
  NodeName(std::string configured, const std::filesystem::path& data);
  ~NodeName();
  NodeName(const NodeName&) = delete;
  NodeName& operator=(const NodeName&) = delete;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  [[nodiscard]] bool read_or_make(const std::filesystem::path& file);

  std::string text_;
  int file_ = -1;  ///< locked as long as this lives
};

}  // namespace machi::app

#include "app/node_name.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <system_error>

#include "base/ids.h"
#include "base/log.h"

namespace machi::app {
namespace {

std::string fresh_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()) + "-" + random_uuid().substr(0, 8);
}

}  // namespace

NodeName::NodeName(std::string configured, const std::filesystem::path& data) : text_(std::move(configured)) {
  if (!text_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (read_or_make(data / "node.name")) return;
  text_ = fresh_name();
  log::info("this node has a name for this run only", {{"node", text_}});
}

bool NodeName::read_or_make(const std::filesystem::path& file) {
  // Children of this process (the private server outlives it) must not inherit the lock.
  file_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0 || flock(file_, LOCK_EX | LOCK_NB) != 0) return false;
  std::array<char, 300> bytes{};
  const ssize_t length = read(file_, bytes.data(), bytes.size());
  text_ = std::string(bytes.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  text_ = text_.substr(0, text_.find('\n'));
  if (!text_.empty()) return true;
  text_ = fresh_name();
  const std::string line = text_ + "\n";
  return pwrite(file_, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size());
}

NodeName::~NodeName() {
  if (file_ >= 0) close(file_);
}

}  // namespace machi::app

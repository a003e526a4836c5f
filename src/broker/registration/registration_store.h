#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/task_scope.h"
#include "broker/registration/forwarder.h"
#include "broker/registration/registration.h"
#include "broker/subscription/subscription_store.h"
#include "db/database.h"

namespace machi::broker {

struct RegistrationPage {
  std::vector<Registration> registrations;
  std::int64_t total = 0;
};

/// Counts changes of registrations on this node, so that all its loops read them again at once; other nodes do within a
/// second.
using RegistrationNews = std::atomic<std::uint64_t>;

/// Registrations in the database, and this loop's copy of them for forwarding. Lives on the loop of its Database.
class RegistrationStore {
 public:
  RegistrationStore(db::Database& database, std::shared_ptr<RegistrationNews> news)
      : database_(database), news_(std::move(news)), scope_(database.loop()) {}

  [[nodiscard]] Task<Result<>> create(Registration registration, Actor actor);
  /// In the order of creation; `service_path`: only those of exactly this one.
  [[nodiscard]] Task<Result<RegistrationPage>> list(TenantId tenant, std::optional<std::string> service_path,
                                                    std::int64_t limit, std::int64_t offset);
  /// Errors: not_found.
  [[nodiscard]] Task<Result<Registration>> get(TenantId tenant, std::string id);
  /// Reads, lets `patch` make the new one, writes. Errors: not_found, those of `patch`, busy when others keep changing
  /// it.
  [[nodiscard]] Task<Result<>> update(TenantId tenant, std::string id,
                                      std::function<Result<Registration>(Registration)> patch, Actor actor);
  [[nodiscard]] Task<Result<>> remove(TenantId tenant, std::string id, Actor actor);

  /// Brings the copy up to date if it may be older than a second or something was changed on this node.
  [[nodiscard]] Task<Result<>> refresh();
  [[nodiscard]] const RegistrationBook& book() const { return book_; }
  /// Notes a forward for the counts of its registrations, and begins to write; what comes meanwhile is written
  /// together.
  void note(const ForwardEvent& event);
  /// Done when what has been noted so far is written. Before this goes, too.
  [[nodiscard]] Task<> flush();

 private:
  [[nodiscard]] Task<> write_notes();
  [[nodiscard]] Task<> write(std::vector<ForwardEvent> events);

  db::Database& database_;
  std::shared_ptr<RegistrationNews> news_;
  RegistrationBook book_;
  std::uint64_t seen_ = 0;
  std::chrono::steady_clock::time_point read_{};
  std::vector<ForwardEvent> events_;
  bool writing_ = false;
  std::uint64_t noted_ = 0, written_ = 0;  // events
  std::vector<Resume<int>> waiting_;
  TaskScope scope_;
};

}  // namespace machi::broker

#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "net/client_connection.h"

namespace machi::net {

/// Connections of one loop by origin (`http://host:port`): how many may be open, who waits, which are kept.
class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  /// The right to one connection to an origin; given back when it ends.
  class Lease {
   public:
    Lease(std::shared_ptr<ClientPool> pool, std::string origin, std::unique_ptr<ClientConnection> kept)
        : pool_(std::move(pool)), origin_(std::move(origin)), connection(std::move(kept)) {}
    ~Lease();
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    std::shared_ptr<ClientPool> pool_;
    std::string origin_;

   public:
    /// A kept connection, or nullptr: the holder opens one. What stands here at the end is kept for others.
    std::unique_ptr<ClientConnection> connection;
  };

  ClientPool(Loop& loop, Client::Options options);

  /// Errors: busy (queue full), timeout (nothing free until the deadline).
  [[nodiscard]] Task<Result<Lease>> acquire(std::string origin, Deadline deadline);
  /// Closes what is idle; leases under way close theirs at their end.
  void stop();

 private:
  struct Waiter;
  struct Idle {
    std::unique_ptr<ClientConnection> connection;
    Deadline until;
  };
  struct Origin {
    std::size_t leased = 0;
    std::deque<Idle> idle;  ///< oldest first
    std::deque<std::shared_ptr<Waiter>> waiting;
  };

  void give_back(const std::string& origin, std::unique_ptr<ClientConnection> connection);
  void forget_if_unused(const std::string& origin);
  void keep(Origin& origin, std::unique_ptr<ClientConnection> connection);
  [[nodiscard]] std::unique_ptr<ClientConnection> take_idle(Origin& origin);
  void arm_reaper();
  void reap();

  Loop& loop_;
  Client::Options options_;
  std::map<std::string, Origin, std::less<>> origins_;
  std::size_t idle_count_ = 0;
  LoopTimer reaper_;
  bool reaper_armed_ = false;
  bool stopped_ = false;
};

}  // namespace machi::net

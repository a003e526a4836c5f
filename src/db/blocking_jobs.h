#pragma once
#include <boost/asio/execution_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/task.h"

namespace machi::db {

/// The few threads on which a loop's blocking libpq calls run: connecting (it resolves names) and cancelling. Belongs
/// to the loop, starts with its first use and is joined when the loop is destroyed.
class BlockingJobs : public asio::execution_context::service {
 public:
  inline static asio::execution_context::id id;

  explicit BlockingJobs(asio::execution_context& context) : service(context) {}
  [[nodiscard]] static BlockingJobs& of(Loop& loop) { return asio::use_service<BlockingJobs>(loop); }
  [[nodiscard]] asio::thread_pool& pool() { return pool_; }

 private:
  void shutdown() override {
    pool_.stop();
    pool_.join();
  }
  asio::thread_pool pool_{2};
};

}  // namespace machi::db

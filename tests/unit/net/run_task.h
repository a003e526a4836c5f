#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "base/task.h"

namespace machi::net {

/// Runs a task on a loop of its own until it is done and gives its value.
template <typename T>
T run_task(Task<T> task) {
  Loop loop(kOneThread);
  std::optional<T> out;
  std::exception_ptr failure;
  asio::co_spawn(loop, std::move(task), [&](std::exception_ptr e, T value) {
    failure = std::move(e);
    out.emplace(std::move(value));
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(out).value();
}

}  // namespace machi::net

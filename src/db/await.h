#pragma once
#include <boost/asio/async_result.hpp>
#include <functional>
#include <utility>

#include "base/task.h"

namespace machi::db {

/// Suspends the coroutine until the callback that `start` was given is called with a T. `start` runs once the coroutine
/// is suspended and must not call back from within itself; it lives in the caller's frame.
template <typename T, typename Start>
Task<T> await_callback(Start& start) {
  return asio::async_initiate<const asio::use_awaitable_t<Loop::executor_type>, void(T)>(
      [&start](auto handler) { start(std::move_only_function<void(T)>(std::move(handler))); }, kUseTask);
}

}  // namespace machi::db

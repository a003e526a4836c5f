#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <type_traits>
#include <utility>

#include "base/task.h"

namespace machi {

/// Continues a coroutine that suspend() stopped. Call exactly once, on the coroutine's loop; it resumes inside the
/// call.
template <typename T>
using Resume = std::move_only_function<void(T)>;

/// Stops the calling coroutine and hands `start` what continues it. `T` is what the coroutine gets.
template <typename T, typename Start>
[[nodiscard]] Task<T> suspend(Start start) {
  auto initiation = [](auto handler, Start begin) { begin(Resume<T>(std::move(handler))); };
  T value = co_await asio::async_initiate<const asio::use_awaitable_t<Loop::executor_type>, void(T)>(
      std::move(initiation), kUseTask, std::move(start));
  co_return value;
}

}  // namespace machi

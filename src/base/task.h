#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace machi {

namespace asio = boost::asio;

/// One event loop: an io_context run by exactly one thread. What lives on a loop is touched by that thread only;
/// other threads post to it.
using Loop = asio::io_context;

/// What a loop is made with: `Loop loop(kOneThread)`. Sockets and timers take no locks, posting from other threads
/// does.
inline constexpr int kOneThread = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

/// A coroutine on a loop. The executor is typed (not any_io_executor): it saves an allocation an operation.
template <typename T = void>
using Task = asio::awaitable<T, Loop::executor_type>;

/// Completion token of a Task's awaited operations.
inline constexpr asio::use_awaitable_t<Loop::executor_type> kUseTask{};

/// A timer of one loop.
using LoopTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                             Loop::executor_type>;

}  // namespace machi

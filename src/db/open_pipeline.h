#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "db/pipeline.h"

namespace machi::db {

struct OpenOptions {
  std::string url;                          ///< libpq connection string
  std::chrono::milliseconds timeout{5000};  ///< what comes later is closed again
  std::string settings{};                   ///< further `set …;` statements for the session
  bool gives_way = false;                   ///< its server process, which runs on this machine, gets a lower priority
};

/// Connects on a thread of its own (libpq resolves names while connecting, which blocks) and hands over the pipeline on
/// the loop. The session speaks UTF-8, UTC and ISO dates. Errors: busy.
void open_pipeline(Loop& loop, OpenOptions options,
                   std::move_only_function<void(Result<std::shared_ptr<Pipeline>>)> done);

}  // namespace machi::db

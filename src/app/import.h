#pragma once
#include <filesystem>
#include <span>
#include <string_view>

#include "app/configuration.h"

namespace machi::app {

/// `machi import FILE …` (ingest/import_command.h tells the arguments). Answers the exit code.
[[nodiscard]] int run_import(const Configuration& configuration, const std::filesystem::path& data,
                             std::span<const std::string_view> arguments);

/// `machi load-demonstration`: the demonstration city into the default tenant; what is there already stays as it is.
/// Answers the exit code.
[[nodiscard]] int run_load_demonstration(const Configuration& configuration, const std::filesystem::path& data);

}  // namespace machi::app

#pragma once
#include <filesystem>
#include <string>

#include "app/configuration.h"

namespace machi::app {

/// `machi resources export FILE`: everything that staff manage, of all tenants. Answers the exit code.
[[nodiscard]] int run_resources_export(const Configuration& configuration, const std::filesystem::path& data,
                                       const std::string& file);

/// `machi resources import FILE [--dry-run]`: all of the file or, when it has faults, nothing. Answers the exit code.
[[nodiscard]] int run_resources_import(const Configuration& configuration, const std::filesystem::path& data,
                                       const std::string& file, bool dry_run);

/// `machi openapi resources`.
[[nodiscard]] std::string resources_openapi();

}  // namespace machi::app

#pragma once
#include <span>
#include <string_view>

namespace machi::ingest {

struct EmbeddedFile {
  std::string_view path;  ///< below config/, as `datasets/aed.json`
  std::string_view content;
};

/// The files of config/ that were built in: dataset definitions, code lists, the demonstration city's data.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace machi::ingest

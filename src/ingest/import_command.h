#pragma once
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/file_import.h"

namespace machi::ingest {

/// `machi import FILE …`, as given on the command line.
struct ImportCommand {
  ImportOptions options{};
  std::string tenant{};       ///< name; the caller resolves it into options.tenant
  std::string report{};       ///< file for the findings; empty: none
  std::string definitions{};  ///< folder of further dataset definitions; empty: none
  Language language = Language::japanese;
  bool json = false;   ///< the summary as one line of JSON
  bool quiet = false;  ///< no progress bar
  bool help = false;
};

/// Reads the arguments behind `machi import`. Options may stand before or behind the file, as `--name value` or
/// `--name=value`. Error bad_request with the argument at fault.
[[nodiscard]] Result<ImportCommand> parse_import_command(std::span<const std::string_view> arguments);

[[nodiscard]] std::string_view import_usage(Language language);

/// How an import ended, for the shell.
enum class ImportExit : int {
  complete = 0,
  failed = 1,        ///< nothing, or not everything, was read
  rows_refused = 3,  ///< everything was read; some rows were refused, the report says why
};

/// Runs the command against `sink`: progress on `terminal` if that is one (standard error), the summary on `out`. The
/// report file is written in any case.
[[nodiscard]] ImportExit run_import_command(const ImportCommand& command, EntitySink& sink, std::FILE* out,
                                            std::FILE* terminal);

/// One line that shows how far an import is: `[##########··········]  50 %  1,234 行（取り込まない行 5）`.
[[nodiscard]] std::string progress_line(const ImportProgress& progress, Language language);

}  // namespace machi::ingest

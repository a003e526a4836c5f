#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/file_import.h"

namespace machi::ingest {

/// One file of the demonstration city (config/demo, built into the program).
struct DemonstrationFile {
  ImportOptions options;  ///< `path` is the file's name below config/demo
  std::string_view content;
};

/// The files in the order in which they are to be imported. Data of other cities has a service path and an attribute
/// `demonstration` of its own.
[[nodiscard]] Result<std::vector<DemonstrationFile>> demonstration_files();

/// Imports them all into `tenant`: one report a file. What is there already stays as it is.
[[nodiscard]] Result<std::vector<ImportReport>> load_demonstration(broker::TenantId tenant,
                                                                   const DatasetCatalogue& catalogue, EntitySink& sink);

}  // namespace machi::ingest

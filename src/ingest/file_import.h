#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/model/entity.h"
#include "ingest/byte_source.h"
#include "ingest/dataset.h"
#include "ingest/entity_sink.h"
#include "ingest/import_report.h"

namespace machi::ingest {

struct ImportOptions {
  std::string path;       ///< also gives `source` and, if it begins with six digits that are one, the municipality
  std::string dataset{};  ///< name, Japanese title or number; empty: found by the header
  broker::TenantId tenant{};
  std::string service_path = "/";
  std::string municipality{};                                ///< for files that do not name theirs
  std::string source{};                                      ///< empty: the file's name
  std::string license{};                                     ///< empty: what the file says of itself, if anything
  std::string data_provider{};                               ///< empty: what the file says
  std::vector<std::pair<std::string, std::string>> extra{};  ///< text attributes added to every entity
  bool dry_run = false;                                      ///< reads and compares, writes nothing
  bool strict = false;      ///< a row with a value that cannot be read is refused; otherwise the value is left out
  std::size_t batch = 300;  ///< rows read, compared and committed together
  std::uint64_t max_rows = 1'000'000;      ///< the ids of all rows are held in memory
  Language language = Language::japanese;  ///< of the sentences in errors
  std::string correlator{};
  std::string principal{};
};

struct ImportProgress {
  std::uint64_t bytes_read = 0, bytes_total = 0;
  std::uint64_t rows = 0, refused = 0;
};
/// Called after each batch, on the importing thread. False stops the import behind that batch.
using ProgressCallback = std::function<bool(const ImportProgress&)>;

/// Imports one file of municipal data. Each row becomes an entity wholly or is refused with its reason; a row that says
/// what the store already holds writes nothing, so the same file twice changes nothing. Attributes of an entity that
/// the file does not know (a sensor's, another file's) stay untouched; those whose column is blank now become null.
/// `report` (may be nullptr) gets every finding as it is made.
/// Errors end the import, with what was committed before them standing: not_found and forbidden (the file), bad_request
/// (no such dataset, a header that fits none: the message names both), payload_too_large (max_rows), those of the sink,
/// busy (stopped by `progress`).
[[nodiscard]] Result<ImportReport> import_file(const ImportOptions& options, const DatasetCatalogue& catalogue,
                                               EntitySink& sink, ReportSink* report = nullptr,
                                               const ProgressCallback& progress = {});

/// The same for bytes that come from elsewhere; `options.path` is their name.
[[nodiscard]] Result<ImportReport> import_bytes(ByteSource& bytes, const ImportOptions& options,
                                                const DatasetCatalogue& catalogue, EntitySink& sink,
                                                ReportSink* report = nullptr, const ProgressCallback& progress = {});

}  // namespace machi::ingest

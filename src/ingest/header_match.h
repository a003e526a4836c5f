#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/csv_reader.h"
#include "ingest/dataset.h"
#include "ingest/message.h"

namespace machi::ingest {

/// What a column of the file is taken for.
struct MatchedColumn {
  std::string header;
  ColumnTarget target{};
  bool known = false;  ///< otherwise its values go to additionalItems under `header`
};

struct HeaderMatch {
  const DatasetDefinition* dataset = nullptr;
  const LayoutDefinition* layout = nullptr;  ///< the one with most in common
  std::vector<MatchedColumn> columns{};
  std::vector<Finding> findings{};  ///< about the header
};

/// Matches a header against one dataset, or against all when `only` is nullptr. At least three of its columns, or all
/// of them, must be known to the layout found, and they must name all that identifies a row. Empty when nothing fits.
[[nodiscard]] std::optional<HeaderMatch> match_header(std::span<const std::string> header,
                                                      const DatasetCatalogue& catalogue, const DatasetDefinition* only);

/// What a LinkData block above the header says about the file.
struct Preamble {
  std::string license{};
  std::string attribution{};
};

/// A record that opens with `#` and is no header: LinkData's `#lang`, `#license` and the like.
[[nodiscard]] bool is_preamble_line(const Record& record);
/// Takes what the line says.
void read_preamble_line(const Record& record, Preamble& preamble);

}  // namespace machi::ingest

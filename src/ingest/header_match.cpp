#include "ingest/header_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/japanese_text.h"

namespace machi::ingest {
namespace {

constexpr std::size_t kMinimumMatches = 3;
/// Unless the dataset is named, the header must look like it: many datasets share a few columns.
constexpr double kMinimumLikeness = 0.6;

struct Score {
  std::size_t matches = 0;
  double likeness = 0;  ///< Dice: twice the common columns over the columns of both
};

Score score(const std::unordered_set<std::string>& header, const LayoutDefinition& layout) {
  Score out;
  for (const LayoutColumn& column : layout.columns) {
    out.matches += header.contains(column.key) || header.contains(column.name_key) ? 1 : 0;
  }
  out.likeness = 2.0 * static_cast<double>(out.matches) / static_cast<double>(header.size() + layout.columns.size());
  return out;
}

/// Attributes that some column of the header gives.
std::set<std::size_t> attributes_named(const std::vector<MatchedColumn>& columns) {
  std::set<std::size_t> out;
  for (const MatchedColumn& column : columns)
    out.insert(column.target.attributes.begin(), column.target.attributes.end());
  return out;
}

std::vector<MatchedColumn> match_columns(std::span<const std::string> header, const DatasetDefinition& dataset,
                                         const LayoutDefinition& layout) {
  std::vector<MatchedColumn> columns;
  for (const std::string& cell : header) {
    const std::string key = spelling_key(cell);
    MatchedColumn column{std::string(trim_blanks(cell))};
    const auto own = std::ranges::find(layout.columns, key, &LayoutColumn::key);
    if (key.empty()) {
      column.known = false;
    } else if (own != layout.columns.end()) {
      column.target = own->target;
      column.known = true;
    } else if (const auto it = dataset.headings.find(key); it != dataset.headings.end()) {
      column.target = it->second;
      column.known = true;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

void add_findings(HeaderMatch& match) {
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < match.columns.size(); ++i) {
    MatchedColumn& column = match.columns[i];
    if (column.header.empty()) {
      column.header = fmt::format("列{}", i + 1);
      match.findings.push_back({MessageCode::column_unnamed, column.header, {}, {}, fmt::format("{}", i + 1)});
    } else if (!seen.insert(spelling_key(column.header)).second) {
      match.findings.push_back({MessageCode::column_repeated, column.header});
    } else if (!column.known) {
      match.findings.push_back({MessageCode::column_unknown, column.header});
    }
  }
}

}  // namespace

std::optional<HeaderMatch> match_header(std::span<const std::string> header, const DatasetCatalogue& catalogue,
                                        const DatasetDefinition* only) {
  std::unordered_set<std::string> keys;
  for (const std::string& cell : header) {
    if (std::string key = spelling_key(cell); !key.empty()) keys.insert(std::move(key));
  }
  std::optional<HeaderMatch> best;
  double best_likeness = only == nullptr ? kMinimumLikeness : 0;
  bool tied = false;
  for (const DatasetDefinition& dataset : catalogue.datasets()) {
    if (only != nullptr && only != &dataset) continue;
    for (const LayoutDefinition& layout : dataset.layouts) {
      const Score found = score(keys, layout);
      if (found.matches == 0 || found.likeness < best_likeness) continue;
      if (best && best->dataset == &dataset && found.likeness == best_likeness) continue;
      if (found.matches < kMinimumMatches && found.matches < keys.size()) continue;
      auto columns = match_columns(header, dataset, layout);
      const auto named = attributes_named(columns);
      if (!std::ranges::all_of(dataset.must, [&](std::size_t a) { return named.contains(a); })) continue;
      // Of two generations that are alike, the older one; of two datasets, neither.
      tied = best && found.likeness == best_likeness;
      best_likeness = found.likeness;
      best = HeaderMatch{&dataset, &layout, std::move(columns)};
    }
  }
  if (tied) return {};
  if (best) add_findings(*best);
  return best;
}

bool is_preamble_line(const Record& record) {
  return !record.fields.empty() && record.fields[0].starts_with('#') && record.fields[0] != "#property";
}

void read_preamble_line(const Record& record, Preamble& preamble) {
  if (record.fields.size() < 2) return;
  if (record.fields[0] == "#license") preamble.license = trim_blanks(record.fields[1]);
  if (record.fields[0] == "#attribution_name") preamble.attribution = trim_blanks(record.fields[1]);
}

}  // namespace machi::ingest

#include "ingest/file_import.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "base/japanese_text.h"
#include "ingest/codes.h"
#include "ingest/csv_reader.h"
#include "ingest/entity_difference.h"
#include "ingest/header_match.h"
#include "ingest/json_records.h"
#include "ingest/row_claims.h"
#include "ingest/row_mapper.h"
#include "ingest/text_encoding.h"

namespace machi::ingest {
namespace {

/// A header may have a title and a LinkData block above it.
constexpr int kHeaderSearch = 20;

struct PendingRow {
  std::uint64_t row = 0;
  std::uint64_t line = 0;
  MappedRow mapped;
};

/// An import that ends, said in the reader's language.
Failure ended(const ImportOptions& options, ErrorCode code, Finding finding, std::string field = {}) {
  return fail(code, sentence(finding, options.language), std::move(field));
}

/// Six digits at the start of the file's name, as the standard names files (092011_evacuation_space.csv).
std::string municipality_of(const std::string& file_name) {
  const std::string digits = file_name.substr(0, 6);
  return file_name.size() > 6 && file_name[6] == '_' && is_municipal_code(digits) ? digits : std::string();
}

bool starts_like_json(ByteSource& bytes) {
  std::string head(256, '\0');
  const auto count = bytes.read(head);
  const bool rewound = bytes.rewind().has_value();
  if (!count || !rewound) return false;
  const std::string_view text = trim_blanks(std::string_view(head).substr(0, *count));
  return text.starts_with('[') || text.starts_with('{');
}

/// One import from first byte to last commit.
class Import {
 public:
  Import(ByteSource& bytes, const ImportOptions& options, const DatasetCatalogue& catalogue, EntitySink& sink,
         ReportSink* report, const ProgressCallback& progress)
      : bytes_(bytes),
        options_(options),
        catalogue_(catalogue),
        sink_(sink),
        report_sink_(report),
        progress_(progress) {}

  Result<ImportReport> run() {
    out_.dry_run = options_.dry_run;
    if (auto ok = open(); !ok) return fail(ok.error());
    if (auto ok = find_header(); !ok) return fail(ok.error());
    make_mapper();
    if (auto ok = read_rows(); !ok) return fail(ok.error());
    return std::move(out_);
  }

 private:
  Result<> open();
  Result<> find_header();
  void make_mapper();
  Result<> read_rows();
  Result<> take_row(Record& record, const Record* following);
  [[nodiscard]] std::optional<Finding> fault_of(const Record& record) const;
  [[nodiscard]] std::optional<Finding> width_fault(Record& record, const Record* following);
  Result<> flush();
  [[nodiscard]] Result<std::unordered_map<std::string, broker::Entity>> read_current();
  [[nodiscard]] Result<std::vector<Result<>>> write(const std::vector<broker::EntityChange>& changes);
  /// `outcome` is nullptr when the store said the same already.
  void settle(const PendingRow& pending, const Result<>* outcome, bool existed);
  void report(std::uint64_t row, std::uint64_t line, const std::string& entity, const Finding& finding);
  void refuse(std::uint64_t row, std::uint64_t line, const Finding& finding) {
    ++out_.refused;
    report(row, line, {}, finding);
  }

  ByteSource& bytes_;
  const ImportOptions& options_;
  const DatasetCatalogue& catalogue_;
  EntitySink& sink_;
  ReportSink* report_sink_;
  const ProgressCallback& progress_;

  std::optional<TextSource> text_{};
  std::unique_ptr<RecordSource> records_{};
  Preamble preamble_{};
  std::optional<HeaderMatch> match_{};
  std::optional<RowMapper> mapper_{};
  std::vector<PendingRow> pending_{};
  RowClaims claims_{};
  std::uint64_t row_ = 0;
  bool is_link_data_ = false;
  bool cut_ = false;  ///< the row before this one was cut by a line break, and this is its end
  ImportReport out_{};
};

void Import::report(std::uint64_t row, std::uint64_t line, const std::string& entity, const Finding& finding) {
  ++out_.findings[finding.code];
  if (report_sink_ != nullptr) report_sink_->add({row, line, entity, finding});
}

Result<> Import::open() {
  const auto encoding = detect_encoding(bytes_);
  if (!encoding) return fail(encoding.error());
  out_.encoding = name_of(encoding->encoding);
  if (encoding->unreadable_bytes > 0) {
    report(0, 0, {},
           {MessageCode::encoding_damaged, {}, fmt::format("{}", encoding->unreadable_bytes), {}, out_.encoding});
  }
  const bool is_json = encoding->encoding == TextEncoding::utf8 && starts_like_json(bytes_);
  text_.emplace(bytes_, encoding->encoding);
  if (!is_json) {
    records_ = std::make_unique<CsvReader>(*text_);
    return {};
  }
  auto records = JsonRecords::read(*text_);
  if (!records) {
    return ended(options_, records.error().code, {MessageCode::file_unreadable, {}, {}, {}, records.error().message});
  }
  records_ = *std::move(records);
  return {};
}

Result<> Import::find_header() {
  const DatasetDefinition* only = nullptr;
  if (!options_.dataset.empty()) {
    only = catalogue_.find(options_.dataset);
    if (only == nullptr)
      return ended(options_, ErrorCode::bad_request, {MessageCode::dataset_unknown, {}, {}, {}, options_.dataset},
                   "dataset");
  }
  std::string first_header;
  Record record;
  for (int i = 0; i < kHeaderSearch; ++i) {
    const auto more = records_->next(record);
    if (!more) return fail(more.error());
    if (!*more) break;
    if (is_preamble_line(record)) {
      read_preamble_line(record, preamble_);
      continue;
    }
    if (record.fault != RecordFault::none || record.is_blank()) continue;
    match_ = match_header(record.fields, catalogue_, only);
    if (match_) return {};
    if (first_header.empty()) first_header = cut_text(fmt::format("{}", fmt::join(record.fields, ", ")), 500);
  }
  const MessageCode code = only == nullptr ? MessageCode::header_unknown : MessageCode::header_unfit;
  return ended(options_, ErrorCode::bad_request, {code, {}, first_header, {}, options_.dataset}, "dataset");
}

void Import::make_mapper() {
  const std::string file_name = std::filesystem::path(options_.path).filename().string();
  MappingOptions mapping{
      .tenant = options_.tenant,
      .service_path = options_.service_path,
      .municipality = options_.municipality.empty() ? municipality_of(file_name) : options_.municipality,
      .source = options_.source.empty() ? file_name : options_.source,
      .license = options_.license.empty() ? preamble_.license : options_.license,
      .data_provider = options_.data_provider.empty() ? preamble_.attribution : options_.data_provider,
      .extra = options_.extra,
      .strict = options_.strict,
      .correlator = options_.correlator,
      .principal = options_.principal};
  out_.dataset = match_->dataset->name;
  out_.layout = match_->layout->id;
  out_.layout_title = match_->layout->title;
  out_.license = mapping.license;
  out_.data_provider = mapping.data_provider;
  if (const auto* csv = dynamic_cast<const CsvReader*>(records_.get())) out_.separator = csv->separator();
  mapper_.emplace(catalogue_, *match_, std::move(mapping));
  is_link_data_ = !match_->columns.empty() && match_->columns[0].header == "#property";
  for (const Finding& finding : match_->findings) report(0, 0, {}, finding);
}

Result<> Import::read_rows() {
  Record current;
  Record following;
  auto more = records_->next(current);
  while (more && *more) {
    more = records_->next(following);
    if (!more) break;
    if (auto ok = take_row(current, *more ? &following : nullptr); !ok) return ok;
    std::swap(current, following);
  }
  if (!more) return fail(more.error());
  return flush();
}

Result<> Import::take_row(Record& record, const Record* following) {
  ++row_;
  if (record.fault == RecordFault::none) {
    // LinkData writes types and contexts (#object_type_xsd) below the header, too.
    if (is_link_data_ && is_preamble_line(record)) return {};
    if (record.is_blank()) {
      ++out_.blank_rows;
      return {};
    }
  }
  if (++out_.rows > options_.max_rows) {
    return ended(options_, ErrorCode::payload_too_large,
                 {MessageCode::rows_too_many, {}, {}, {}, fmt::format("{}", options_.max_rows)});
  }
  auto fault = fault_of(record);
  if (!fault) fault = width_fault(record, following);
  if (fault) {
    refuse(row_, record.line, *fault);
    return {};
  }
  PendingRow pending{row_, record.line, mapper_->map(record)};
  std::vector<Finding>& findings = pending.mapped.findings;
  if (const std::size_t own = record.fields.size(); own < match_->columns.size()) {
    const std::string counts = fmt::format("{} / {}", own, match_->columns.size());
    findings.insert(findings.begin(), {MessageCode::row_padded, {}, {}, {}, counts});
  }
  if (pending.mapped.change) {
    if (auto taken = claims_.claim(row_, pending.mapped)) findings.push_back(*std::move(taken));
  }
  if (!pending.mapped.change) {
    const Finding reason = findings.back();
    findings.pop_back();
    for (const Finding& finding : findings) report(row_, record.line, {}, finding);
    refuse(row_, record.line, reason);
    return {};
  }
  pending_.push_back(std::move(pending));
  return pending_.size() >= options_.batch ? flush() : Result<>{};
}

std::optional<Finding> Import::fault_of(const Record& record) const {
  switch (record.fault) {
    case RecordFault::none:
      break;
    case RecordFault::unterminated_quote:
      return Finding{MessageCode::row_quote_open, {}, record.fields.empty() ? std::string() : record.fields[0]};
    case RecordFault::too_long:
    case RecordFault::too_many_fields:
      return Finding{MessageCode::row_too_long};
  }
  if (record.has_unreadable_text()) return Finding{MessageCode::row_unreadable};
  return {};
}

std::optional<Finding> Import::width_fault(Record& record, const Record* following) {
  const std::size_t width = match_->columns.size();
  const std::size_t own = record.fields.size();
  const bool was_cut = std::exchange(cut_, false);
  const std::string counts = fmt::format("{} / {}", own, width);
  if (own > width) {
    std::string beyond;
    for (std::size_t i = width; i < own; ++i) beyond += trim_blanks(record.fields[i]);
    if (!beyond.empty()) return Finding{MessageCode::row_wider_than_header, {}, beyond, {}, counts};
    record.fields.resize(width);
    return {};
  }
  if (own == width) return {};
  // An unquoted line break leaves two pieces that share one cell; Excel, on the other hand, drops trailing blank cells.
  if (was_cut) return Finding{MessageCode::row_shorter_than_header, {}, {}, {}, counts};
  if (following != nullptr && own + following->fields.size() == width + 1 && following->fields.size() < width) {
    cut_ = true;
    return Finding{MessageCode::row_shorter_than_header, {}, {}, {}, counts};
  }
  return {};
}

Result<std::unordered_map<std::string, broker::Entity>> Import::read_current() {
  std::unordered_map<std::string, broker::Entity> current;
  std::vector<std::string> ids;
  for (const PendingRow& pending : pending_) ids.push_back(pending.mapped.change->id);
  if (ids.empty()) return current;
  auto entities = sink_.read(options_.tenant, ids);
  if (!entities) return fail(entities.error());
  for (broker::Entity& entity : *entities) {
    if (entity.type != match_->dataset->type || entity.service_path != options_.service_path) continue;
    std::string id = entity.id;
    current.emplace(std::move(id), std::move(entity));
  }
  return current;
}

/// Whether an error tells of the store rather than of the row.
bool is_about_the_store(const Result<>& outcome) {
  if (outcome) return false;
  switch (outcome.error().code) {
    case ErrorCode::busy:
    case ErrorCode::timeout:
    case ErrorCode::outcome_unknown:
    case ErrorCode::bad_gateway:
    case ErrorCode::internal:
      return true;
    default:
      return false;
  }
}

Result<std::vector<Result<>>> Import::write(const std::vector<broker::EntityChange>& changes) {
  if (options_.dry_run || changes.empty()) return std::vector<Result<>>(changes.size());
  auto outcomes = sink_.write(changes);
  if (outcomes && outcomes->size() != changes.size()) {
    return fail(ErrorCode::internal, "the store answered for other changes than given");
  }
  if (!outcomes) return outcomes;
  const auto failed = std::ranges::find_if(*outcomes, is_about_the_store);
  if (failed != outcomes->end()) return fail(failed->error());
  return outcomes;
}

Result<> Import::flush() {
  const auto current = read_current();
  if (!current) return fail(current.error());
  std::vector<broker::EntityChange> changes;
  std::vector<std::optional<std::size_t>> change_of_row;
  for (const PendingRow& pending : pending_) {
    const auto it = current->find(pending.mapped.change->id);
    auto change = difference(it == current->end() ? nullptr : &it->second, pending.mapped);
    change_of_row.push_back(change ? std::optional(changes.size()) : std::nullopt);
    if (change) changes.push_back(*std::move(change));
  }
  const auto outcomes = write(changes);
  if (!outcomes) return fail(outcomes.error());
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    settle(pending_[i], change_of_row[i] ? &(*outcomes)[*change_of_row[i]] : nullptr,
           current->contains(pending_[i].mapped.change->id));
  }
  pending_.clear();
  if (progress_ && !progress_({records_->bytes_read(), bytes_.size(), out_.rows, out_.refused})) {
    return ended(options_, ErrorCode::busy, {MessageCode::import_stopped});
  }
  return {};
}

void Import::settle(const PendingRow& pending, const Result<>* outcome, bool existed) {
  const std::string& id = pending.mapped.change->id;
  for (const Finding& finding : pending.mapped.findings) report(pending.row, pending.line, id, finding);
  for (const std::size_t missing : pending.mapped.missing) ++out_.missing[match_->dataset->attributes[missing].title];
  if (outcome == nullptr) {
    ++out_.unchanged;
  } else if (!*outcome) {
    refuse(pending.row, pending.line, {MessageCode::row_not_stored, {}, {}, {}, outcome->error().message});
  } else {
    ++(existed ? out_.updated : out_.created);
  }
}

}  // namespace

Result<ImportReport> import_bytes(ByteSource& bytes, const ImportOptions& options, const DatasetCatalogue& catalogue,
                                  EntitySink& sink, ReportSink* report, const ProgressCallback& progress) {
  if (!options.municipality.empty() && !is_municipal_code(options.municipality)) {
    return ended(options, ErrorCode::bad_request, {MessageCode::municipality_invalid, {}, options.municipality},
                 "municipality");
  }
  return Import(bytes, options, catalogue, sink, report, progress).run();
}

Result<ImportReport> import_file(const ImportOptions& options, const DatasetCatalogue& catalogue, EntitySink& sink,
                                 ReportSink* report, const ProgressCallback& progress) {
  auto file = FileSource::open(options.path);
  if (!file) {
    auto code = MessageCode::file_forbidden;
    if (file.error().code == ErrorCode::not_found) code = MessageCode::file_missing;
    if (file.error().code == ErrorCode::bad_request) code = MessageCode::file_irregular;
    return ended(options, file.error().code, {code, {}, file.error().message, {}, options.path}, options.path);
  }
  return import_bytes(**file, options, catalogue, sink, report, progress);
}

}  // namespace machi::ingest

#pragma once
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/message.h"

namespace machi::ingest {

/// One line of the report: a finding and where it stands.
struct ReportEntry {
  std::uint64_t row = 0;   ///< data row, counted from 1; 0: about the file
  std::uint64_t line = 0;  ///< line of the file
  std::string entity{};    ///< id, when the row became one
  Finding finding{};
};

/// Takes the entries one by one, as they are found.
class ReportSink {
 public:
  ReportSink() = default;
  ReportSink(const ReportSink&) = delete;
  ReportSink& operator=(const ReportSink&) = delete;
  virtual ~ReportSink() = default;
  virtual void add(const ReportEntry& entry) = 0;
};

/// Writes a report file: comma-separated with byte order mark when the name ends in `.csv` (opens in Excel as it is),
/// JSON lines otherwise.
class ReportFile final : public ReportSink {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ReportFile>> create(const std::string& path, Language language);
  void add(const ReportEntry& entry) override;
  /// Errors: internal when anything could not be written (disk full).
  [[nodiscard]] Result<> close();

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  ReportFile(std::FILE* file, bool csv, Language language) : file_(file), csv_(csv), language_(language) {}
  void write(const std::string& text);

  std::unique_ptr<std::FILE, Close> file_;
  bool csv_;
  Language language_;
  bool failed_ = false;
};

/// What an import did.
struct ImportReport {
  std::string dataset{}, layout{}, layout_title{}, encoding{};
  char separator = 0;  ///< 0: the file is JSON
  std::string license{}, data_provider{};
  bool dry_run = false;
  std::uint64_t rows = 0;  ///< data rows that are not blank
  std::uint64_t blank_rows = 0;
  std::uint64_t created = 0, updated = 0, unchanged = 0, refused = 0;  ///< add up to `rows`
  std::map<MessageCode, std::uint64_t> findings{};                     ///< how often each was found
  std::map<std::string, std::uint64_t> missing{};  ///< headings the standard requires, and rows where they are blank

  [[nodiscard]] std::uint64_t count(Severity severity) const;
  /// Some lines for a person.
  [[nodiscard]] std::string summary(Language language) const;
  /// The same as one JSON object.
  [[nodiscard]] std::string to_json() const;
};

}  // namespace machi::ingest

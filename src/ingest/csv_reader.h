#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/text_encoding.h"

namespace machi::ingest {

/// Why a record could not be read as one.
enum class RecordFault : std::uint8_t {
  none,
  unterminated_quote,  ///< a quoted field that never ends; `fields` holds its first line only
  too_long,            ///< beyond CsvLimits::record_bytes; `fields` is empty
  too_many_fields,     ///< beyond CsvLimits::fields; `fields` is empty
};

struct Record {
  std::vector<std::string> fields;
  std::uint64_t line = 0;  ///< of its first character, counted from 1
  RecordFault fault = RecordFault::none;

  /// Whether all fields are empty or blank.
  [[nodiscard]] bool is_blank() const;
  /// Whether a character stands in it that could not be read (U+FFFD).
  [[nodiscard]] bool has_unreadable_text() const;
};

/// Records one after the other, whatever they come from.
class RecordSource {
 public:
  RecordSource() = default;
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;
  virtual ~RecordSource() = default;

  /// The next record; false at the end. Errors: those of the bytes beneath.
  [[nodiscard]] virtual Result<bool> next(Record& record) = 0;
  /// Bytes of the file behind the records given so far; for a progress bar.
  [[nodiscard]] virtual std::uint64_t bytes_read() const = 0;
};

struct CsvLimits {
  std::size_t record_bytes = 1 << 20;
  std::size_t fields = 2000;
};

/// Comma, tab or semicolon: whichever cuts the first record of `text` into most fields; comma if none does.
[[nodiscard]] char detect_separator(std::string_view text);

/// Separated values (RFC 4180, and what is written in its name): line breaks within quotes, CR, LF or CRLF between
/// records, a quotation mark within an unquoted field stands for itself, text after a closing quotation mark is kept. A
/// quoted field that does not end within the limit, or not at all, costs its first line only: reading goes on behind
/// it. Memory: one record and one piece of the source.
class CsvReader final : public RecordSource {
 public:
  /// `separator` 0: found from the first piece of the source.
  explicit CsvReader(TextSource& source, char separator = 0, CsvLimits limits = {})
      : source_(source), separator_(separator), limits_(limits) {}

  Result<bool> next(Record& record) override;
  std::uint64_t bytes_read() const override { return source_.bytes_read(); }
  /// 0 before the first record.
  [[nodiscard]] char separator() const { return separator_; }

 private:
  [[nodiscard]] Result<> fill();
  /// Takes the first line for a record of its own.
  void give_up(Record& record, RecordFault fault);
  void consume(std::size_t count);

  TextSource& source_;
  char separator_;
  CsvLimits limits_;
  std::string buffer_;
  std::size_t pos_ = 0;
  std::uint64_t line_ = 1;
  bool exhausted_ = false;
};

}  // namespace machi::ingest

#include "ingest/csv_reader.h"

#include <algorithm>
#include <array>

#include "base/japanese_text.h"

namespace machi::ingest {
namespace {

/// Text that is looked at to find the separator.
constexpr std::size_t kSeparatorSample = 65536;
constexpr std::size_t kIncomplete = static_cast<std::size_t>(-1);

/// Splits the first record of `text`.
class RecordParser {
 public:
  RecordParser(std::string_view text, char separator, bool at_end)
      : text_(text), separator_(separator), at_end_(at_end) {}

  /// Gives the length of the record with its line break, or kIncomplete when more text is needed to tell.
  std::size_t parse(std::vector<std::string>& fields) {
    fields.clear();
    fields.emplace_back();
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (c == '"' && field_start_) {
        if (!quoted(fields.back())) return kIncomplete;
        field_start_ = false;
      } else if (c == separator_) {
        ++pos_;
        fields.emplace_back();
        field_start_ = true;
      } else if (c == '\n' || c == '\r') {
        return line_break();
      } else {
        plain(fields.back());
        field_start_ = false;
      }
    }
    return at_end_ ? pos_ : kIncomplete;
  }

  /// Set when the text ended within quotes.
  [[nodiscard]] bool in_quotes() const { return in_quotes_; }

 private:
  bool quoted(std::string& field) {
    std::size_t from = ++pos_;
    for (;;) {
      const std::size_t quote = text_.find('"', from);
      if (quote == std::string_view::npos || (quote + 1 == text_.size() && !at_end_)) {
        in_quotes_ = quote == std::string_view::npos;
        return false;
      }
      field.append(text_, from, quote - from);
      if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
        field += '"';
        from = quote + 2;
      } else {
        pos_ = quote + 1;
        return true;
      }
    }
  }
  void plain(std::string& field) {
    const std::array<char, 3> stops{separator_, '\n', '\r'};
    const std::size_t stop = std::min(text_.find_first_of(std::string_view(stops.data(), 3), pos_), text_.size());
    field.append(text_, pos_, stop - pos_);
    pos_ = stop;
  }
  std::size_t line_break() {
    if (text_[pos_] == '\n') return pos_ + 1;
    if (pos_ + 1 == text_.size()) return at_end_ ? pos_ + 1 : kIncomplete;
    return text_[pos_ + 1] == '\n' ? pos_ + 2 : pos_ + 1;
  }

  std::string_view text_;
  char separator_;
  bool at_end_;
  std::size_t pos_ = 0;
  bool field_start_ = true;
  bool in_quotes_ = false;
};

std::uint64_t count_lines(std::string_view text) {
  std::uint64_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) ++lines;
  }
  return lines;
}

}  // namespace

bool Record::is_blank() const {
  return std::ranges::all_of(fields, [](const std::string& f) { return trim_blanks(f).empty(); });
}

bool Record::has_unreadable_text() const {
  return std::ranges::any_of(fields, [](const std::string& f) { return f.find("\xEF\xBF\xBD") != std::string::npos; });
}

char detect_separator(std::string_view text) {
  char best = ',';
  std::size_t most = 1;
  for (const char candidate : {',', '\t', ';'}) {
    std::vector<std::string> fields;
    RecordParser(text, candidate, true).parse(fields);
    if (fields.size() > most) {
      most = fields.size();
      best = candidate;
    }
  }
  return best;
}

Result<> CsvReader::fill() {
  buffer_.erase(0, pos_);
  pos_ = 0;
  const auto more = source_.read(buffer_);
  if (!more) return fail(more.error());
  exhausted_ = !*more;
  return {};
}

void CsvReader::consume(std::size_t count) {
  line_ += count_lines(std::string_view(buffer_).substr(pos_, count));
  pos_ += count;
}

void CsvReader::give_up(Record& record, RecordFault fault) {
  const std::string_view rest = std::string_view(buffer_).substr(pos_);
  std::size_t end = rest.find_first_of("\r\n");
  record.fault = fault;
  record.fields.clear();
  if (end == std::string_view::npos) {
    end = rest.size();
  } else if (rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n') {
    ++end;
  }
  if (fault == RecordFault::unterminated_quote) record.fields.emplace_back(cut_text(rest.substr(0, end), 200));
  consume(std::min(end + 1, rest.size()));
}

Result<bool> CsvReader::next(Record& record) {
  record.fault = RecordFault::none;
  for (;;) {
    if (separator_ == 0) {
      if (!exhausted_ && buffer_.size() < kSeparatorSample) {
        if (auto ok = fill(); !ok) return fail(ok.error());
        continue;
      }
      separator_ = detect_separator(std::string_view(buffer_).substr(0, kSeparatorSample));
    }
    const std::string_view rest = std::string_view(buffer_).substr(pos_);
    record.line = line_;
    if (rest.empty() && exhausted_) return false;
    if (!rest.empty()) {
      RecordParser parser(rest, separator_, exhausted_);
      const std::size_t length = parser.parse(record.fields);
      if (length != kIncomplete && length <= limits_.record_bytes) {
        if (record.fields.size() > limits_.fields) {
          record.fields.clear();
          record.fault = RecordFault::too_many_fields;
        }
        consume(length);
        return true;
      }
      if (length != kIncomplete || rest.size() > limits_.record_bytes || exhausted_) {
        give_up(record, parser.in_quotes() ? RecordFault::unterminated_quote : RecordFault::too_long);
        return true;
      }
    }
    if (auto ok = fill(); !ok) return fail(ok.error());
  }
}

}  // namespace machi::ingest

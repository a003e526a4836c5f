#include "base/japanese_text.h"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/uniset.h>
#include <unicode/utf8.h>

#include <array>
#include <utility>

namespace machi {
namespace {

/// One code point of UTF-8. `code` is negative for a byte that is none.
struct Character {
  UChar32 code;
  std::string_view bytes;
};

/// Walks UTF-8, code point by code point.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return pos_ >= text_.size(); }
  Character next() {
    const std::size_t start = pos_;
    auto i = static_cast<std::int32_t>(pos_);
    UChar32 code = -1;
    // NOLINTNEXTLINE(bugprone-inc-dec-in-conditions): a macro of ICU
    U8_NEXT(text_.data(), i, static_cast<std::int32_t>(text_.size()), code);
    pos_ = static_cast<std::size_t>(i);
    return {code, text_.substr(start, pos_ - start)};
  }

 private:
  std::string_view text_;
  std::size_t pos_ = 0;
};

void append(std::string& out, UChar32 code) {
  std::array<char, 4> buffer{};
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(buffer.data(), length, code);
  out.append(buffer.data(), static_cast<std::size_t>(length));
}

constexpr UChar32 kFirstHalfWidth = 0xFF61;
constexpr UChar32 kLastHalfWidth = 0xFF9F;
constexpr UChar32 kHalfWidthVoiced = 0xFF9E;

bool is_half_width_kana(UChar32 c) {
  return c >= kFirstHalfWidth && c <= kLastHalfWidth;
}
bool is_kana(UChar32 c) {
  return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FE);
}

std::string normalize(const icu::Normalizer2& form, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
  form.normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr, error);
  return U_SUCCESS(error) ? out : std::string(text);
}

const icu::Normalizer2& nfkc() {
  UErrorCode error = U_ZERO_ERROR;
  return *icu::Normalizer2::getNFKCInstance(error);
}

bool is_blank(UChar32 c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0xA0 || c == 0x3000 || c == 0x200B || c == 0xFEFF;
}

/// Marks that differ between spellings of one heading.
bool is_spelling_mark(UChar32 c) {
  switch (c) {
    case '(':
    case ')':
    case '[':
    case ']':
    case '_':
    case ',':
    case '/':
    case ':':
    case '-':
    case 0x3001:  // 、
    case 0x30FB:  // ・
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2212:
      return true;
    default:
      return is_blank(c);
  }
}

bool is_valid_utf8(std::string_view text) {
  for (Characters characters(text); !characters.at_end();) {
    if (characters.next().code < 0) return false;
  }
  return true;
}

struct Era {
  std::string_view name;
  std::string_view abbreviation;
  char letter;
  int first_year;  ///< the western year of its year 1
};
constexpr std::array<Era, 5> kEras{{{"令和", "令", 'R', 2019},
                                    {"平成", "平", 'H', 1989},
                                    {"昭和", "昭", 'S', 1926},
                                    {"大正", "大", 'T', 1912},
                                    {"明治", "明", 'M', 1868}}};
constexpr int kFirstGregorianYear = 1873;

/// Reads a wareki text from the left; blanks between its parts count for nothing.
class WarekiScanner {
 public:
  explicit WarekiScanner(std::string_view text) : rest_(text) {}

  const Era* era() {
    for (const Era& era : kEras) {
      if (accept(era.name) || accept(era.abbreviation)) return &era;
      if (!rest_.empty() && (rest_.front() | 0x20) == (era.letter | 0x20)) {
        rest_.remove_prefix(1);
        return &era;
      }
    }
    return nullptr;
  }
  /// One or two digits, or 元 for the first year; 0 when there are none.
  int number() {
    skip_blanks();
    if (accept("元")) return 1;
    int value = 0;
    int digits = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && digits < 3) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
      ++digits;
    }
    return digits <= 2 ? value : 0;
  }
  bool separator(std::string_view unit) {
    skip_blanks();
    return accept(unit) || accept(".") || accept("/") || accept("-") || accept("・");
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  bool accept(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

std::optional<PartialDate> parse_era_date(std::string_view text) {
  WarekiScanner scanner(text);
  const Era* era = scanner.era();
  if (era == nullptr) return {};
  const int year = scanner.number();
  if (year == 0) return {};
  PartialDate date{era->first_year + year - 1};
  if (scanner.at_end()) return date;
  if (!scanner.separator("年")) return {};
  if (scanner.at_end()) return date;
  date.month = scanner.number();
  if (date.month == 0) return {};
  if (scanner.at_end()) return date;
  if (!scanner.separator("月")) return {};
  if (scanner.at_end()) return date;
  date.day = scanner.number();
  if (date.day == 0) return {};
  static_cast<void>(scanner.separator("日"));
  if (!scanner.at_end()) return {};
  return date;
}

}  // namespace

std::string widen_kana(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  UChar32 previous = 0;
  std::string run;
  const auto flush = [&] {
    if (!run.empty()) out += normalize(nfkc(), run);
    run.clear();
  };
  for (Characters characters(text); !characters.at_end();) {
    const Character c = characters.next();
    if (!is_half_width_kana(c.code)) {
      flush();
      out += c.bytes;
    } else if (c.code >= kHalfWidthVoiced && !is_half_width_kana(previous)) {
      // A mark that belongs to no half-width letter: joined to a full-width one, or left standing for itself.
      append(out, (is_kana(previous) ? 0x3099 : 0x309B) + (c.code - kHalfWidthVoiced));
    } else {
      run += c.bytes;
    }
    previous = c.code;
  }
  flush();
  return to_nfc(out);
}

bool has_half_width_kana(std::string_view text) {
  for (Characters characters(text); !characters.at_end();) {
    if (is_half_width_kana(characters.next().code)) return true;
  }
  return false;
}

std::string narrow_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (Characters characters(text); !characters.at_end();) {
    const Character c = characters.next();
    if (c.code >= 0xFF01 && c.code <= 0xFF5E) {
      out += static_cast<char>(c.code - 0xFEE0);
    } else if (c.code == 0x3000) {
      out += ' ';
    } else {
      out += c.bytes;
    }
  }
  return out;
}

std::string to_nfc(std::string_view text) {
  static const icu::UnicodeSet composable = [] {
    icu::UnicodeSet compatibility(0xF900, 0xFAFF);
    compatibility.add(0x2F800, 0x2FA1F);
    compatibility.complement();
    compatibility.freeze();
    return compatibility;
  }();
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error) || !is_valid_utf8(text)) return std::string(text);
  return normalize(icu::FilteredNormalizer2(*nfc, composable), text);
}

std::string_view trim_blanks(std::string_view text) {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool seen = false;
  std::size_t pos = 0;
  for (Characters characters(text); !characters.at_end();) {
    const Character c = characters.next();
    if (!is_blank(c.code)) {
      if (!seen) begin = pos;
      seen = true;
      end = pos + c.bytes.size();
    }
    pos += c.bytes.size();
  }
  return seen ? text.substr(begin, end - begin) : std::string_view();
}

std::string_view cut_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string spelling_key(std::string_view text) {
  if (!is_valid_utf8(text)) return std::string(text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = icu::Normalizer2::getNFKCCasefoldInstance(error);
  if (U_FAILURE(error)) return std::string(text);
  const std::string folded = normalize(*form, text);
  std::string out;
  for (Characters characters(folded); !characters.at_end();) {
    const Character c = characters.next();
    if (!is_spelling_mark(c.code)) out += c.bytes;
  }
  return out;
}

bool has_private_use_character(std::string_view text) {
  for (Characters characters(text); !characters.at_end();) {
    const UChar32 c = characters.next().code;
    if ((c >= 0xE000 && c <= 0xF8FF) || c >= 0xF0000) return true;
  }
  return false;
}

std::string PartialDate::to_iso8601() const {
  if (day != 0) return fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (month != 0) return fmt::format("{:04}-{:02}", year, month);
  return fmt::format("{:04}", year);
}

bool PartialDate::is_valid() const {
  if (year < 1 || year > 9999) return false;
  if (month == 0) return day == 0;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day == 0 ? 1 : day))};
  return date.ok();
}

std::optional<PartialDate> parse_wareki(std::string_view text) {
  const std::string folded = narrow_ascii(text);
  const auto date = parse_era_date(trim_blanks(folded));
  if (!date || !date->is_valid() || date->year < kFirstGregorianYear) return {};
  return date;
}

}  // namespace machi

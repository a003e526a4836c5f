#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace machi {

/// Text as Japanese offices write it, made comparable. All functions take and give UTF-8; bytes that are not UTF-8 pass
/// through unchanged.

/// Half-width katakana and its punctuation (U+FF61…FF9F) in full width, sound marks joined: `ｶﾞｯｺｳ` → `ガッコウ`.
[[nodiscard]] std::string widen_kana(std::string_view text);
[[nodiscard]] bool has_half_width_kana(std::string_view text);

/// Full-width ASCII (U+FF01…FF5E) and the ideographic blank in half width: `（０４７）` → `(047)`.
[[nodiscard]] std::string narrow_ascii(std::string_view text);

/// Unicode NFC, except that CJK compatibility ideographs stay: NFC would turn 神 (U+FA19) into another letter form, and
/// names of people and places insist on theirs.
[[nodiscard]] std::string to_nfc(std::string_view text);

/// Without blanks at both ends: ASCII white space, no-break and ideographic blank, zero-width blank, byte order mark.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

/// The first whole characters of the text, `max_bytes` at most.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t max_bytes);

/// What two spellings of a heading have in common: NFKC, lower case, without blanks, brackets, `_`, `・`, `、`, `,`,
/// `/`,
/// `:` and hyphens. `料金（基本）` and `料金_基本` give the same key.
[[nodiscard]] std::string spelling_key(std::string_view text);

/// Whether a private-use character (gaiji) stands in the text.
[[nodiscard]] bool has_private_use_character(std::string_view text);

/// A calendar date of which the day, or month and day, may be unknown.
struct PartialDate {
  int year = 0;
  int month = 0;  ///< 0: unknown
  int day = 0;    ///< 0: unknown
  bool operator==(const PartialDate&) const = default;
  /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
  [[nodiscard]] std::string to_iso8601() const;
  [[nodiscard]] bool is_complete() const { return day != 0; }
  /// Whether it exists in the calendar.
  [[nodiscard]] bool is_valid() const;
};

/// A date in a Japanese era: `昭和32年7月1日`, `昭32. 7. 1`, `S32.7.1`, `令和元年5月`, `平31`; digits in either width.
/// Empty when the text is none, when the date does not exist, or when it lies before 1873, when Japan took over the
/// Gregorian calendar. A year beyond an era's end (平成32年) is counted on, as offices do in plans made ahead.
[[nodiscard]] std::optional<PartialDate> parse_wareki(std::string_view text);

}  // namespace machi

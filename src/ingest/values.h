#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/codes.h"

namespace machi::ingest {

/// Each reads the text of one cell, trimmed or not, and gives it as it should read. What is not provable is a failure.

/// A number as JSON writes it: `50,700 ` → 50700, `１２ｍ` with unit `m` → 12, `80人` with unit `人` → 80.
/// Failures: number_broken (an exponent: Excel rounded it), number_unreadable.
[[nodiscard]] Reading read_number(std::string_view text, std::string_view unit);

/// `YYYY-MM-DD`, or `YYYY-MM` and `YYYY` (repair partial_date) when no more is said. Takes 2026/10/10, 2026年10月10日,
/// 20261010, with a midnight behind it, Japanese eras, and Excel's serial numbers of the 1900 system (45016).
/// Failure: date_unreadable.
[[nodiscard]] Reading read_date(std::string_view text);

/// `hh:mm` from 00:00 to 30:00 (shops close at 25:00). Takes 9:00, 9:00:00, 0900, 9時30分, 午後5時半 and Excel's
/// fractions of a day that fall on a minute (0.375). Failure: time_unreadable.
[[nodiscard]] Reading read_time(std::string_view text);

struct PhoneReading {
  std::string number;                    ///< as it should read; the text itself when it is not one number
  std::optional<MessageCode> finding{};  ///< phone_rewritten, leading_zero_restored, phone_remark_split or phone_kept
  std::string remark{};                  ///< what stood around the number
  std::string extension{};               ///< 内線
};
/// `(047)325-4758` → `047-325-4758`; a department's name before the number becomes the remark.
[[nodiscard]] PhoneReading read_phone(std::string_view text);

/// `月・火・水`, `月～金`, `月曜日、火曜日` → `月火水…`; what is more than weekdays stays as it is.
[[nodiscard]] Rewritten read_weekdays(std::string_view text);

/// One of the standard's choices: as written, in other width, or as one of the many words for yes, no and unknown when
/// the choices are such (有, ○, 1 → あり). Failure: choice_unlisted.
[[nodiscard]] Reading read_choice(std::string_view text, std::span<const std::string> choices);

/// Yes or no, for columns that hold 1 or nothing. Failure: flag_unreadable.
[[nodiscard]] std::expected<bool, MessageCode> read_flag(std::string_view text);

/// The parts of a list, blanks trimmed, empty ones dropped. Line breaks always separate; so does each character of
/// `separators`.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, std::string_view separators);

}  // namespace machi::ingest

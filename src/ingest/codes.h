#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/message.h"

namespace machi::ingest {

/// A cell's text as it should read, and what had to be done for it; or why it cannot be taken.
struct Rewritten {
  std::string text;
  std::optional<MessageCode> repair{};
};
using Reading = std::expected<Rewritten, MessageCode>;

/// The sixth digit of a local government code (weights 6 5 4 3 2, 11 minus the sum modulo 11, last digit).
[[nodiscard]] char municipal_check_digit(std::string_view five_digits);
/// Six digits whose check digit is right and whose prefecture exists (01 to 47).
[[nodiscard]] bool is_municipal_code(std::string_view text);
/// Reads a local government code. Repairs what has one reading only: a leading zero that Excel took from six digits
/// (92011), a five-digit JIS code without check digit (13101), such a code without its zero (1100). Where both readings
/// are codes, `prefecture` (two digits, may be empty) and `expected` (six digits, may be empty) decide.
/// Failures: municipal_code_invalid, municipal_code_ambiguous.
[[nodiscard]] Reading read_municipal_code(std::string_view text, std::string_view prefecture,
                                          std::string_view expected = {});

/// Two digits of the prefecture with whose name the text begins, or empty.
[[nodiscard]] std::string_view prefecture_code(std::string_view text);
/// The prefecture's name as it begins the text ("栃木県"), or empty.
[[nodiscard]] std::string_view prefecture_name(std::string_view text);

/// Thirteen digits with the right first (check) digit. Failures: number_broken (4.00E+12), corporate_number_invalid.
[[nodiscard]] Reading read_corporate_number(std::string_view text);

/// Seven digits of the address base registry; `0008-001` loses its hyphen. Failure: town_id_invalid.
[[nodiscard]] Reading read_town_id(std::string_view text);

/// `NNN-NNNN`. A lost leading zero is restored where the prefecture proves it (Hokkaido, Aomori, Iwate, Akita).
/// Failure: postal_code_invalid.
[[nodiscard]] Reading read_postal_code(std::string_view text, std::string_view prefecture);

/// Whether Excel wrote a long number as `4.00E+12`.
[[nodiscard]] bool is_broken_by_excel(std::string_view text);

[[nodiscard]] bool all_digits(std::string_view text);

}  // namespace machi::ingest

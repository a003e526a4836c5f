#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/query/q_parser.h"
#include "broker/query/tree.h"

// The words of the Simple Query Language: quotes, numbers, dates, literals.
namespace machi::broker::query {

[[nodiscard]] std::string_view trim(std::string_view text);

/// Where `needle` stands outside single quotes, from `from` on; npos if nowhere. A quote opens only where a token may
/// begin (at the start and after an operator, a dot, a comma, a semicolon), so that an apostrophe inside a word is a
/// letter.
[[nodiscard]] std::size_t find_unquoted(std::string_view text, std::string_view needle, std::size_t from = 0);
/// The parts between separators that stand outside quotes; at least one, perhaps empty.
[[nodiscard]] std::vector<std::string_view> split_unquoted(std::string_view text, char separator);

/// A decimal number that fits a double: `20`, `-0.5`, `+3`, `1e6`; nothing else may stand beside it.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// Orion's characters `< > " ' = ; ( )`, except those in `allowed`.
[[nodiscard]] bool has_forbidden_characters(std::string_view text, std::string_view allowed);

/// A literal by the order of docs/query.md. Errors: "non-terminated forced string", "quote in forced string",
/// "forbidden characters in String Filter".
[[nodiscard]] Result<Literal> parse_literal(std::string_view text, ParseOptions options);

}  // namespace machi::broker::query

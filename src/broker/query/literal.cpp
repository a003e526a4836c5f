#include "broker/query/literal.h"

#include <charconv>
#include <cmath>

namespace machi::broker::query {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool may_open_quote(std::string_view text, std::size_t at) {
  while (at > 0 && is_blank(text[at - 1])) --at;
  return at == 0 || std::string_view("=<>~:,.!;").find(text[at - 1]) != std::string_view::npos;
}

// `YYYY-MM-DD` and what may follow. The other forms of ISO 8601 look too much like codes (`2016-123`) to be guessed.
std::optional<Timestamp> parse_date_literal(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return {};
  return parse_iso8601(text);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t find_unquoted(std::string_view text, std::string_view needle, std::size_t from) {
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\'' && (quoted || may_open_quote(text, i))) {
      quoted = !quoted;
    } else if (!quoted && text.substr(i, needle.size()) == needle) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_unquoted(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  for (;;) {
    const auto end = find_unquoted(text, std::string_view(&separator, 1), from);
    parts.push_back(text.substr(from, end == std::string_view::npos ? end : end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return {};
  }
  const auto digits = text.substr(!text.empty() && text.front() == '-' ? 1 : 0);
  if (digits.empty() || (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9'))) return {};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

bool has_forbidden_characters(std::string_view text, std::string_view allowed) {
  for (const char c : text) {
    if (std::string_view("<>\"'=;()").find(c) != std::string_view::npos && allowed.find(c) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

Result<Literal> parse_literal(std::string_view text, ParseOptions options) {
  const auto forbidden = [&](std::string_view string) {
    return options.orion_forbidden_characters && has_forbidden_characters(string, "");
  };
  if (!text.empty() && text.front() == '\'') {
    if (text.size() < 2 || text.back() != '\'') return fail(ErrorCode::bad_request, "non-terminated forced string");
    const auto inside = text.substr(1, text.size() - 2);
    if (inside.find('\'') != std::string_view::npos) return fail(ErrorCode::bad_request, "quote in forced string");
    if (forbidden(inside)) return fail(ErrorCode::bad_request, "forbidden characters in String Filter");
    return Literal(std::string(inside));
  }
  if (const auto number = parse_number(text)) return Literal(*number);
  if (const auto date = parse_date_literal(text)) return Literal(*date);
  if (text == "true") return Literal(true);
  if (text == "false") return Literal(false);
  if (text == "null") return Literal(Null{});
  if (forbidden(text)) return fail(ErrorCode::bad_request, "forbidden characters in String Filter");
  return Literal(std::string(text));
}

}  // namespace machi::broker::query

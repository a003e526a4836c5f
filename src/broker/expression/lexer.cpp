#include "broker/expression/lexer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace machi::broker::jexl {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// Letters of any script count: every byte beyond ASCII does.
bool starts_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::string_view kIdeographicSpace = "\xE3\x80\x80";

}  // namespace

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++at_;
    } else if (text_.substr(at_).starts_with(kIdeographicSpace)) {
      at_ += kIdeographicSpace.size();
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  if (at_ >= text_.size()) return {};
  const char c = text_[at_];
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
  if (c == '\'' || c == '"') return string();
  return starts_identifier(c) ? identifier() : symbol();
}

Token Lexer::number() {
  const std::size_t start = at_;
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  Token token{.kind = Token::Kind::number};
  const auto parsed = std::from_chars(text_.data() + start, text_.data() + at_, token.number);
  if (parsed.ec != std::errc() || !std::isfinite(token.number)) token.kind = Token::Kind::error;
  return token;
}

// A backslash protects the quotation mark only; before anything else it is itself, so that '\d+' is a pattern.
Token Lexer::string() {
  const char quote = text_[at_++];
  Token token{.kind = Token::Kind::string};
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == quote) {
      ++at_;
      return token;
    }
    if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == quote) ++at_;
    token.string += text_[at_];
  }
  return {.kind = Token::Kind::error};
}

Token Lexer::identifier() {
  const std::size_t start = at_;
  while (at_ < text_.size() && (starts_identifier(text_[at_]) || is_digit(text_[at_]))) {
    if (text_.substr(at_).starts_with(kIdeographicSpace)) break;
    ++at_;
  }
  return {.kind = Token::Kind::identifier, .text = text_.substr(start, at_ - start)};
}

Token Lexer::symbol() {
  constexpr std::array<std::string_view, 26> kSymbols = {"==", "!=", "<=", ">=", "&&", "||", "//", "<", ">",
                                                         "+",  "-",  "*",  "/",  "%",  "^",  "(",  ")", "[",
                                                         "]",  "{",  "}",  ",",  ".",  ":",  "?",  "|"};
  for (const std::string_view symbol : kSymbols) {
    if (text_.substr(at_).starts_with(symbol)) {
      at_ += symbol.size();
      return {.kind = Token::Kind::symbol, .text = symbol};
    }
  }
  at_ = text_.size();
  return {.kind = Token::Kind::error};
}

}  // namespace machi::broker::jexl

#pragma once
#include <string>
#include <string_view>

namespace machi::broker::jexl {

struct Token {
  enum class Kind : std::uint8_t { end, number, string, identifier, symbol, error };
  Kind kind = Kind::end;
  std::string_view text{};  ///< the symbol or the identifier
  double number = 0;
  std::string string{};

  [[nodiscard]] bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
};

/// Cuts an expression into tokens, one at a time. An error stays the last token.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  [[nodiscard]] Token next();

 private:
  void skip_blanks();
  Token number();
  Token string();
  Token identifier();
  Token symbol();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace machi::broker::jexl

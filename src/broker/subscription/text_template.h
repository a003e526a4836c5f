#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "broker/expression/expression.h"

namespace machi::broker {

/// A string with macros `${…}`, each a JEXL expression ("Macro substitution" of Orion's manual).
class TextTemplate {
 public:
  /// Nothing when a macro is not closed.
  [[nodiscard]] static std::optional<TextTemplate> parse(std::string_view text);

  /// The text with values in place of macros: strings as they are, all else as JSON; `null_text` for null. Nothing when
  /// it would be longer than kMaxLength.
  [[nodiscard]] std::optional<std::string> fill(const Scope& scope, Timestamp now, std::string_view null_text) const;
  /// The value of the macro when the string is nothing but one macro; else a JSON string, in which null is `null`.
  [[nodiscard]] Json value(const Scope& scope, Timestamp now) const;
  /// Whether the string is nothing but one macro.
  [[nodiscard]] bool is_single_macro() const { return parts_.size() == 1 && parts_[0].is_macro; }

  static constexpr std::size_t kMaxLength = 8 * 1024 * 1024;

 private:
  struct Part {
    bool is_macro = false;
    std::string text{};                      ///< outside of macros
    std::optional<Expression> expression{};  ///< absent: not of the grammar, always null
  };
  [[nodiscard]] static Json evaluate(const Part& part, const Scope& scope, Timestamp now);
  std::vector<Part> parts_{};
};

/// A JSON value with macros in its strings; names of members stay as they are. A string with a macro that is not closed
/// is no template. Parts without macros are kept whole.
class JsonTemplate {
 public:
  JsonTemplate() = default;  ///< null
  explicit JsonTemplate(const Json& value);

  [[nodiscard]] Json fill(const Scope& scope, Timestamp now) const;

 private:
  [[nodiscard]] bool is_constant() const { return !text_ && parts_.empty(); }

  Json constant_{};
  std::optional<TextTemplate> text_{};
  std::vector<std::string> names_{};  ///< of parts_ when it is an object; empty for an array
  std::vector<JsonTemplate> parts_{};
};

}  // namespace machi::broker

#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace machi::broker::query {

/// A compiled regular expression: RE2, searched for anywhere in the text. Immutable; may be used by several threads.
class Regex {
 public:
  static constexpr std::size_t kMaxPatternBytes = 1024;
  static constexpr std::size_t kMaxProgramBytes = 1 << 20;

  /// Errors: bad_request, with RE2's reason. Callers put their own sentence around it.
  [[nodiscard]] static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  [[nodiscard]] bool found_in(std::string_view text) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  /// `.*` and the like: found in every text.
  [[nodiscard]] bool is_universal() const;
  /// The same expression for PostgreSQL's `~` with collation "C"; absent when it is not in the common subset.
  [[nodiscard]] const std::optional<std::string>& sql() const { return sql_; }

 private:
  struct Engine;
  explicit Regex(std::unique_ptr<Engine> engine, std::string_view text);
  std::unique_ptr<Engine> engine_;
  std::string text_;
  std::optional<std::string> sql_;
};

/// nullptr: no restriction.
using Pattern = std::shared_ptr<const Regex>;

/// A pattern for entity ids or types. Error: bad_request "Invalid regex for entity idPattern" (typePattern), as Orion
/// says it.
[[nodiscard]] Result<Pattern> parse_id_pattern(std::string_view pattern);
[[nodiscard]] Result<Pattern> parse_type_pattern(std::string_view pattern);

/// Rewrites a pattern that RE2 accepts for PostgreSQL's advanced regular expressions, or nothing when it holds
/// something that the two do not understand alike (docs/query.md, "Regular expressions").
[[nodiscard]] std::optional<std::string> to_postgresql_regex(std::string_view pattern);

}  // namespace machi::broker::query

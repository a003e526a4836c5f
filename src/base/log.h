#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace machi::log {

enum class Level { debug, info, warn, error, fatal, off };

/// One field of a log line: numbers stay numbers, text is escaped.
struct Field {
  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
  Field(std::string_view n, std::uint64_t v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, int v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, unsigned v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}

  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Writes one line of JSON to standard error: `{"time":…,"level":…,"message":…,fields…}`. Thread-safe, one write a
/// line. Never personal data, never a bearer token. `correlator` is the field that ties a line to a request.
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::info, m, f);
}
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::warn, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::error, m, f);
}

/// May change while the program runs; starts at info.
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] bool enabled(Level level);
[[nodiscard]] std::string_view name_of(Level level);
[[nodiscard]] Result<Level> parse_level(std::string_view name);

}  // namespace machi::log

#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace machi {

/// One key of machi.toml: its name, where its value goes, and what it means. The default is what the target holds
/// before loading. The environment variable is the key in upper case with `MACHI_` before it and `_` for `.`:
/// `server.port` is MACHI_SERVER_PORT.
struct Setting {
  using Target =
      std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::string>*, std::chrono::milliseconds*>;
  std::string key;
  Target target;
  std::string meaning;
  /// Refuses values outside its range; nullptr takes all of its type.
  Result<> (*check)(const Setting&) = nullptr;
};

/// Reads a machi.toml. Durations are written as `"5s"`, `"200ms"`, `"10m"`, `"24h"`, `"30d"`, sizes as integers in
/// bytes. Errors: bad_request for text that is no TOML, unknown keys (with the nearest known one), wrong types, refused
/// values; the key is the field.
[[nodiscard]] Result<> load_settings(std::span<const Setting> settings, std::string_view toml);

/// Overrides with MACHI_… variables; lists are separated by commas. Unknown MACHI_ variables are logged as warnings.
/// `environment`: `NAME=value` strings.
[[nodiscard]] Result<> load_environment(std::span<const Setting> settings,
                                        std::span<const std::string_view> environment);

/// The table of `machi config describe`: key, variable, type, default (what the targets hold now) and meaning;
/// tab-separated with a header.
[[nodiscard]] std::string describe_settings(std::span<const Setting> settings);

/// `5s`, `200ms`, `10m`, `24h`, `30d`.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace machi

#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <utility>

#include "base/json_writer.h"
#include "base/timestamp.h"

namespace machi::log {
namespace {

std::atomic<Level> g_level{Level::info};  // the one process-wide switch: log lines come from everywhere

constexpr std::array<std::pair<Level, std::string_view>, 6> kNames{{
    {Level::debug, "debug"},
    {Level::info, "info"},
    {Level::warn, "warn"},
    {Level::error, "error"},
    {Level::fatal, "fatal"},
    {Level::off, "off"},
}};

void put(JsonWriter& json, const Field& field) {
  json.key(field.name);
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    json.string(*text);
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    json.integer(*integer);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    json.number(*number);
  } else {
    json.boolean(std::get<bool>(field.value));
  }
}

}  // namespace

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  json.key("time").string(to_iso8601_microseconds(now()));
  json.key("level").string(name_of(level));
  json.key("message").string(message);
  for (const Field& field : fields) put(json, field);
  json.end_object();
  line += '\n';
  // A log line that cannot be written has nowhere to be reported.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void set_level(Level level) {
  g_level.store(level, std::memory_order_relaxed);
}
Level level() {
  return g_level.load(std::memory_order_relaxed);
}
bool enabled(Level level) {
  return level >= machi::log::level() && level != Level::off;
}

std::string_view name_of(Level level) {
  for (const auto& [value, name] : kNames) {
    if (value == level) return name;
  }
  return "info";
}

Result<Level> parse_level(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  return fail(ErrorCode::bad_request, "invalid log level", "level");
}

}  // namespace machi::log

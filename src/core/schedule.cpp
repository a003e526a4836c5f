#include "core/schedule.h"

#include <charconv>
#include <string>
#include <vector>

#include "base/settings.h"

namespace machi::core {
namespace {

struct Span {
  int low, high, step;
};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// `*`, `5`, `1-5`, each with `/step`.
std::optional<Span> parse_span(std::string_view item, int low, int high) {
  Span span{low, high, 1};
  const auto slash = item.find('/');
  if (slash != std::string_view::npos) {
    const auto step = number(item.substr(slash + 1));
    if (!step || *step < 1) return {};
    span.step = *step;
    item = item.substr(0, slash);
  }
  if (item == "*") return span;
  const auto dash = item.find('-');
  const auto from = number(item.substr(0, dash));
  if (!from) return {};
  span.low = *from;
  if (dash != std::string_view::npos) {
    const auto to = number(item.substr(dash + 1));
    if (!to) return {};
    span.high = *to;
  } else if (slash == std::string_view::npos) {
    span.high = *from;
  }
  if (span.low < low || span.high > high || span.low > span.high) return {};
  return span;
}

template <std::size_t N>
bool parse_field(std::string_view field, int low, int high, std::bitset<N>& bits) {
  for (const std::string_view item : split(field, ',')) {
    const auto span = parse_span(item, low, high);
    if (!span) return false;
    // Sunday is 0 and 7 (crontab).
    for (int i = span->low; i <= span->high; i += span->step)
      bits.set(N == 7 ? static_cast<std::size_t>(i % 7) : static_cast<std::size_t>(i));
  }
  return true;
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text) {
  if (text.starts_with("@every ")) {
    const auto period = parse_duration(text.substr(7));
    if (!period || period->count() == 0)
      return fail(ErrorCode::bad_request, "@every takes a duration such as 30s", "schedule");
    return Schedule(*period);
  }
  const auto fields = split(text, ' ');
  if (fields.size() != 5)
    return fail(ErrorCode::bad_request, "a schedule has five fields: minute hour day month weekday", "schedule");
  Cron cron;
  const bool ok = parse_field(fields[0], 0, 59, cron.minutes) && parse_field(fields[1], 0, 23, cron.hours) &&
                  parse_field(fields[2], 1, 31, cron.days) && parse_field(fields[3], 1, 12, cron.months) &&
                  parse_field(fields[4], 0, 7, cron.weekdays);
  if (!ok)
    return fail(ErrorCode::bad_request, "a field of the schedule is out of its range: " + std::string(text),
                "schedule");
  cron.any_day = fields[2] == "*";
  cron.any_weekday = fields[4] == "*";
  return Schedule(cron);
}

bool Schedule::Cron::includes_day(std::chrono::year_month_day date) const {
  if (!months.test(static_cast<unsigned>(date.month()))) return false;
  const bool day = days.test(static_cast<unsigned>(date.day()));
  const bool weekday = weekdays.test(std::chrono::weekday(std::chrono::sys_days(date)).c_encoding());
  if (any_day || any_weekday) return day && weekday;
  return day || weekday;
}

Timestamp Schedule::next_after(Timestamp t) const {
  if (const auto* period = std::get_if<std::chrono::milliseconds>(&rule_)) return t + *period;
  const Cron& cron = std::get<Cron>(rule_);
  using std::chrono::minutes;
  const std::chrono::sys_time<std::chrono::microseconds> moment{std::chrono::microseconds(t.microseconds)};
  auto minute = std::chrono::floor<minutes>(moment) + minutes(1);
  const auto last = minute + std::chrono::days(4 * 366);
  while (minute < last) {
    const auto day = std::chrono::floor<std::chrono::days>(minute);
    if (!cron.includes_day(std::chrono::year_month_day(day))) {
      minute = day + std::chrono::days(1);
      continue;
    }
    const auto of_day = std::chrono::duration_cast<minutes>(minute - day).count();
    if (cron.hours.test(static_cast<std::size_t>(of_day / 60)) &&
        cron.minutes.test(static_cast<std::size_t>(of_day % 60)))
      break;
    minute += minutes(1);
  }
  return {std::chrono::duration_cast<std::chrono::microseconds>(minute.time_since_epoch()).count()};
}

}  // namespace machi::core

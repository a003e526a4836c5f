// Dates and times of day as offices and Excel write them: read_date and read_time of values.h.
#include <fmt/format.h>
#include <re2/re2.h>

#include <charconv>
#include <chrono>
#include <cmath>

#include "base/japanese_text.h"
#include "ingest/values.h"

namespace machi::ingest {
namespace {

std::string clean(std::string_view text) {
  return std::string(trim_blanks(narrow_ascii(text)));
}

/// Excel's day 1 is 1900-01-01, and it believes in a 29 February 1900 (day 60); true from day 61 on.
constexpr std::chrono::sys_days kExcelEpoch = std::chrono::year(1899) / 12 / 30;
constexpr int kFirstSafeSerial = 61;
constexpr int kLastSerial = 73415;  // 2100-12-31

constexpr int kFirstPlausibleYear = 1868;
constexpr int kLastPlausibleYear = 2100;

std::optional<PartialDate> date_from_serial(std::string_view text) {
  static const RE2 serial(R"((\d{2,5})(?:\.0+)?)");
  int day = 0;
  if (!RE2::FullMatch(text, serial, &day) || day < kFirstSafeSerial || day > kLastSerial) return {};
  const std::chrono::year_month_day date{kExcelEpoch + std::chrono::days(day)};
  return PartialDate{static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                     static_cast<int>(static_cast<unsigned>(date.day()))};
}

std::optional<PartialDate> western_date(const std::string& text) {
  PartialDate date;
  static const RE2 full(R"((\d{4}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2})日?)"
                        R"((?: ?\([月火水木金土日](?:曜日?)?\))?(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?)?)");
  static const RE2 month(R"((\d{4}) ?[-/.年] ?(\d{1,2})月?)");
  static const RE2 compact(R"((\d{4})(\d{2})(\d{2}))");
  static const RE2 year(R"((\d{4})年?)");
  if (RE2::FullMatch(text, full, &date.year, &date.month, &date.day) ||
      RE2::FullMatch(text, compact, &date.year, &date.month, &date.day)) {
    return date.month > 0 && date.day > 0 ? std::optional(date) : std::nullopt;
  }
  date = {};
  if (RE2::FullMatch(text, month, &date.year, &date.month) && date.month > 0) return date;
  date = {};
  if (RE2::FullMatch(text, year, &date.year) && date.year >= kFirstPlausibleYear && date.year <= kLastPlausibleYear) {
    return date;
  }
  return {};
}

std::string hh_mm(int hour, int minute) {
  return fmt::format("{:02}:{:02}", hour, minute);
}

constexpr int kLastHour = 30;  // 30:00 is six in the morning of the next day

std::optional<std::string> time_from_fraction(std::string_view text) {
  static const RE2 fraction(R"((?:0?\.\d+|1\.0+|0\.0+))");
  if (!RE2::FullMatch(text, fraction)) return {};
  double day = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), day);
  if (error != std::errc()) return {};
  const double minutes = day * 24 * 60;
  const auto whole = static_cast<int>(std::lround(minutes));
  // Excel writes 9:30 as 0.395833333333333: what is not nearly a minute was no time.
  if (std::abs(minutes - whole) > 0.02) return {};
  return hh_mm(whole / 60, whole % 60);
}

}  // namespace

Reading read_date(std::string_view text) {
  const std::string cleaned = clean(text);
  auto repair = MessageCode::date_rewritten;
  auto date = western_date(cleaned);
  if (!date) date = parse_wareki(cleaned);
  if (!date) {
    date = date_from_serial(cleaned);
    repair = MessageCode::date_from_serial;
  }
  if (!date || !date->is_valid()) return std::unexpected(MessageCode::date_unreadable);
  std::string iso = date->to_iso8601();
  if (!date->is_complete()) return Rewritten{std::move(iso), MessageCode::partial_date};
  if (iso == text) return Rewritten{std::move(iso)};
  return Rewritten{std::move(iso), repair};
}

Reading read_time(std::string_view text) {
  const std::string cleaned = clean(text);
  if (auto time = time_from_fraction(cleaned)) return Rewritten{*std::move(time), MessageCode::time_from_fraction};
  static const RE2 clock(R"((午前|午後|AM|PM|am|pm)? ?(\d{1,2}):(\d{2})(?::00)?)");
  static const RE2 kanji(R"((午前|午後)? ?(\d{1,2})時(?:(\d{1,2})分|(半))?)");
  static const RE2 compact(R"((\d{2})(\d{2}))");
  std::string half_of_day;
  std::string half_hour;
  std::string minute_text;
  int hour = 0;
  int minute = 0;
  if (RE2::FullMatch(cleaned, kanji, &half_of_day, &hour, &minute_text, &half_hour)) {
    if (!minute_text.empty()) std::from_chars(minute_text.data(), minute_text.data() + minute_text.size(), minute);
    if (!half_hour.empty()) minute = 30;
  } else if (!RE2::FullMatch(cleaned, clock, &half_of_day, &hour, &minute) &&
             !RE2::FullMatch(cleaned, compact, &hour, &minute)) {
    return std::unexpected(MessageCode::time_unreadable);
  }
  const bool afternoon = half_of_day == "午後" || half_of_day == "PM" || half_of_day == "pm";
  if (!half_of_day.empty() && hour > 12) return std::unexpected(MessageCode::time_unreadable);
  if (afternoon && hour < 12) hour += 12;
  if (minute > 59 || hour > kLastHour || (hour == kLastHour && minute > 0)) {
    return std::unexpected(MessageCode::time_unreadable);
  }
  std::string time = hh_mm(hour, minute);
  if (time == text) return Rewritten{std::move(time)};
  return Rewritten{std::move(time), MessageCode::time_rewritten};
}

}  // namespace machi::ingest

#include "base/timestamp.h"

#include <array>
#include <cctype>

namespace machi {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

void put(char*& p, int value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) p[i] = static_cast<char>('0' + value % 10);
  p += width;
}

struct Civil {
  std::chrono::year_month_day date;
  int hour, minute, second, microsecond;
};

Civil to_civil(Timestamp t) {
  std::int64_t day = t.microseconds / kDay;
  std::int64_t rest = t.microseconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --day;
  }
  const auto seconds = static_cast<int>(rest / kSecond);
  return {std::chrono::year_month_day(sys_days(days(day))), seconds / 3600, seconds / 60 % 60, seconds % 60,
          static_cast<int>(rest % kSecond)};
}

std::string to_iso8601(Timestamp t, int fraction_digits) {
  const Civil c = to_civil(t);
  std::array<char, 40> buffer;
  char* p = buffer.data();
  put(p, static_cast<int>(c.date.year()), 4);
  *p++ = '-';
  put(p, static_cast<int>(static_cast<unsigned>(c.date.month())), 2);
  *p++ = '-';
  put(p, static_cast<int>(static_cast<unsigned>(c.date.day())), 2);
  *p++ = 'T';
  put(p, c.hour, 2);
  *p++ = ':';
  put(p, c.minute, 2);
  *p++ = ':';
  put(p, c.second, 2);
  *p++ = '.';
  put(p, fraction_digits == 3 ? c.microsecond / 1000 : c.microsecond, fraction_digits);
  *p++ = 'Z';
  return {buffer.data(), p};
}

/// Reads a text from left to right; every step says whether it matched.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return pos_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[pos_]; }
  bool accept(char c) {
    if (peek() != c) return false;
    ++pos_;
    return true;
  }
  /// Number of digits that stand here.
  [[nodiscard]] int digits() const {
    std::size_t i = pos_;
    while (i < text_.size() && std::isdigit(static_cast<unsigned char>(text_[i]))) ++i;
    return static_cast<int>(i - pos_);
  }
  /// Exactly `width` digits, whose value lies in [low, high].
  bool number(int width, int low, int high, int& value) {
    if (digits() < width) return false;
    value = 0;
    for (int i = 0; i < width; ++i) value = value * 10 + (text_[pos_++] - '0');
    return value >= low && value <= high;
  }
  /// A fraction of any length, as microseconds.
  bool fraction(int& microseconds) {
    int n = digits();
    if (n == 0) return false;
    microseconds = 0;
    for (int i = 0; i < 6; ++i) microseconds = microseconds * 10 + (i < n ? text_[pos_ + i] - '0' : 0);
    pos_ += n;
    return true;
  }

 private:
  std::string_view text_;
  std::size_t pos_ = 0;
};

std::optional<sys_days> ordinal_date(int year, int day_of_year) {
  const bool leap = std::chrono::year(year).is_leap();
  if (day_of_year < 1 || day_of_year > (leap ? 366 : 365)) return {};
  return sys_days(std::chrono::year(year) / 1 / 1) + days(day_of_year - 1);
}

std::optional<sys_days> week_date(int year, int week, int weekday) {
  // ISO 8601: week 1 holds January 4th; weeks begin on Monday.
  const sys_days fourth = std::chrono::year(year) / 1 / 4;
  const auto monday = fourth - days(std::chrono::weekday(fourth).iso_encoding() - 1);
  return monday + days((week - 1) * 7 + weekday - 1);
}

std::optional<sys_days> parse_week(Scanner& s, int year, bool extended) {
  int week = 0;
  int weekday = 1;
  if (!s.number(2, 1, 53, week)) return {};
  if (extended ? s.accept('-') : s.digits() > 0) {
    if (!s.number(1, 1, 7, weekday)) return {};
  }
  return week_date(year, week, weekday);
}

std::optional<sys_days> civil_date(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  return sys_days(date);
}

std::optional<sys_days> parse_date(Scanner& s) {
  int year = 0;
  int month = 0;
  int day = 0;
  const int leading = s.digits();
  if (leading == 8) {
    if (!s.number(4, 0, 9999, year) || !s.number(2, 1, 12, month) || !s.number(2, 1, 31, day)) return {};
    return civil_date(year, month, day);
  }
  if (leading == 7) {
    if (!s.number(4, 0, 9999, year) || !s.number(3, 1, 366, day)) return {};
    return ordinal_date(year, day);
  }
  if (leading != 4 || !s.number(4, 0, 9999, year)) return {};
  if (s.accept('W')) return parse_week(s, year, false);
  if (!s.accept('-')) return civil_date(year, 1, 1);
  if (s.accept('W')) return parse_week(s, year, true);
  if (s.digits() == 3) return s.number(3, 1, 366, day) ? ordinal_date(year, day) : std::nullopt;
  if (s.digits() != 2 || !s.number(2, 1, 12, month)) return {};
  if (!s.accept('-')) return civil_date(year, month, 1);
  if (!s.number(2, 1, 31, day)) return {};
  return civil_date(year, month, day);
}

std::optional<std::int64_t> parse_time(Scanner& s) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
  if (!s.number(2, 0, 24, hour)) return {};
  const bool extended = s.accept(':');
  if (extended || s.digits() > 0) {
    if (!s.number(2, 0, 59, minute)) return {};
    if (extended ? s.accept(':') : s.digits() > 0) {
      if (!s.number(2, 0, 60, second)) return {};
      if (s.accept('.') && !s.fraction(microsecond)) return {};
    }
  }
  if (hour == 24 && (minute != 0 || second != 0 || microsecond != 0)) return {};
  return (hour * 3600LL + minute * 60LL + second) * kSecond + microsecond;
}

std::optional<std::int64_t> parse_zone(Scanner& s) {
  if (s.at_end() || s.accept('Z')) return 0;
  const bool east = s.accept('+');
  if (!east && !s.accept('-')) return {};
  int hour = 0;
  int minute = 0;
  if (!s.number(2, 0, 23, hour)) return {};
  // Some clients write the zone as +01.00.
  if (s.accept(':') || s.accept('.') || s.digits() > 0) {
    if (!s.number(2, 0, 59, minute)) return {};
  }
  const std::int64_t offset = (hour * 3600LL + minute * 60LL) * kSecond;
  return east ? offset : -offset;
}

}  // namespace

Timestamp now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

std::string to_iso8601_milliseconds(Timestamp t) {
  return to_iso8601(t, 3);
}
std::string to_iso8601_microseconds(Timestamp t) {
  return to_iso8601(t, 6);
}

std::string to_http_date(Timestamp t) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = to_civil(t);
  const auto weekday = std::chrono::weekday(sys_days(c.date)).c_encoding();
  std::string out = kDays[weekday];
  std::array<char, 32> buffer;
  char* p = buffer.data();
  put(p, static_cast<int>(static_cast<unsigned>(c.date.day())), 2);
  out.append(", ").append(buffer.data(), p).append(" ");
  out.append(kMonths[static_cast<unsigned>(c.date.month()) - 1]).append(" ");
  p = buffer.data();
  put(p, static_cast<int>(c.date.year()), 4);
  *p++ = ' ';
  put(p, c.hour, 2);
  *p++ = ':';
  put(p, c.minute, 2);
  *p++ = ':';
  put(p, c.second, 2);
  return out.append(buffer.data(), p).append(" GMT");
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Scanner s(text);
  const auto date = parse_date(s);
  if (!date) return {};
  const Timestamp midnight{date->time_since_epoch().count() * kDay};
  if (s.at_end()) return midnight;
  if (!s.accept('T') && !s.accept(' ')) {
    // A zone may follow a bare date ("2026-11-23Z").
    const auto zone = parse_zone(s);
    if (!zone || !s.at_end()) return {};
    return Timestamp{midnight.microseconds - *zone};
  }
  const auto time = parse_time(s);
  if (!time) return {};
  const auto zone = parse_zone(s);
  if (!zone || !s.at_end()) return {};
  return Timestamp{midnight.microseconds + *time - *zone};
}

}  // namespace machi

#include "broker/model/datetime.h"

#include <cctype>

namespace machi::broker {
namespace {

constexpr std::size_t kLongest = 29;  // 2026-11-23T05:06:07.089+09:00

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool starts_with_calendar_date(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Timestamp> parse_datetime(std::string_view text) {
  constexpr std::size_t kDate = 10;
  if (text.size() > kLongest || !starts_with_calendar_date(text)) return {};
  if (text.size() > kDate && text[kDate] != 'T') return {};
  return parse_iso8601(text);
}

std::string canonical_datetime(Timestamp t) {
  return t.microseconds % 1000 == 0 ? to_iso8601_milliseconds(t) : to_iso8601_microseconds(t);
}

std::optional<Timestamp> datetime_of(std::string_view json) {
  if (json.size() < 2 || json.front() != '"') return {};
  return parse_datetime(json.substr(1, json.size() - 2));
}

}  // namespace machi::broker

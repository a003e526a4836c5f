#pragma once
#include <array>
#include <bitset>
#include <chrono>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/timestamp.h"

namespace machi::core {

/// When a job runs: five cron fields in UTC (`minute hour day-of-month month day-of-week`, each `*`, numbers, ranges,
/// lists and steps; as in crontab(5), when both day fields are restricted either suffices), or `@every 30s`.
class Schedule {
 public:
  /// Errors: bad_request, naming the field at fault.
  [[nodiscard]] static Result<Schedule> parse(std::string_view text);
  /// The first moment after `t`. A date that never comes (30 February) gives a time four years ahead.
  [[nodiscard]] Timestamp next_after(Timestamp t) const;

 private:
  struct Cron {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;
    std::bitset<13> months;
    std::bitset<7> weekdays;
    bool any_day = true;
    bool any_weekday = true;
    [[nodiscard]] bool includes_day(std::chrono::year_month_day date) const;
  };
  explicit Schedule(std::variant<Cron, std::chrono::milliseconds> rule) : rule_(rule) {}
  std::variant<Cron, std::chrono::milliseconds> rule_;
};

}  // namespace machi::core

#include "ingest/values.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/japanese_text.h"
#include "base/json_writer.h"

namespace machi::ingest {
namespace {

std::string clean(std::string_view text) {
  return std::string(trim_blanks(narrow_ascii(text)));
}

struct UnitSpelling {
  std::string_view unit, spelling;
};
constexpr auto kUnitSpellings = std::to_array<UnitSpelling>(
    {{"人", "人"},           {"人", "名"},    {"台", "台"},     {"個", "個"}, {"個", "基"},           {"個", "室"},
     {"床", "床"},           {"円", "円"},    {"世帯", "世帯"}, {"階", "階"}, {"m", "メートル"},      {"m", "m"},
     {"㎡", "平方メートル"}, {"㎡", "㎡"},    {"㎡", "m2"},     {"㎡", "m²"}, {"mm", "ミリメートル"}, {"mm", "mm"},
     {"mm", "ミリ"},         {"区画", "区画"}});

void remove_unit(std::string& number, std::string_view unit) {
  for (const UnitSpelling& known : kUnitSpellings) {
    if (known.unit == unit && number.ends_with(known.spelling) && number.size() > known.spelling.size()) {
      number.resize(number.size() - known.spelling.size());
      number = trim_blanks(number);
      return;
    }
  }
}

}  // namespace

Reading read_number(std::string_view text, std::string_view unit) {
  std::string number = clean(text);
  if (is_broken_by_excel(number)) return std::unexpected(MessageCode::number_broken);
  remove_unit(number, unit);
  static const RE2 thousands(R"([+-]?\d{1,3}(,\d{3})+(\.\d+)?)");
  if (RE2::FullMatch(number, thousands)) std::erase(number, ',');
  static const RE2 plain(R"([+-]?(\d+(\.\d*)?|\.\d+))");
  if (!RE2::FullMatch(number, plain)) return std::unexpected(MessageCode::number_unreadable);
  if (number.front() == '+') number.erase(0, 1);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::unexpected(MessageCode::number_unreadable);
  std::string json;
  JsonWriter::append_number(json, value);
  // 35.70 or 010 are written otherwise, but were numbers already.
  if (RE2::FullMatch(text, plain)) return Rewritten{json};
  return Rewritten{json, MessageCode::number_cleaned};
}

PhoneReading read_phone(std::string_view text) {
  const std::string original(trim_blanks(text));
  std::string phone = narrow_ascii(original);
  static const RE2 hyphens("(\\d\\)?) ?(?:‐|‑|–|—|―|−|－|ー|-) ?(\\(?\\d)");
  RE2::GlobalReplace(&phone, hyphens, "\\1-\\2");
  static const RE2 number(R"((?:TEL|Tel|tel|電話)?[:：]? ?(\(?0\d{1,4}\)?[-( ]?\d{1,4}[-) ]?\d{3,4}))");
  static const RE2 parts(R"(\(?(0\d{1,4})\)?[-( ]?(\d{1,4})[-) ]?(\d{3,4}))");
  static const RE2 no_zero(R"([1-9]\d{8,9})");
  if (RE2::FullMatch(phone, no_zero)) return {"0" + phone, MessageCode::leading_zero_restored};
  std::string found;
  std::string matched;
  int count = 0;
  for (re2::StringPiece input(phone), match; RE2::FindAndConsume(&input, number, &match); ++count) {
    if (count == 0) {
      matched = std::string(match);
      found = matched;
    }
  }
  const auto digits = std::ranges::count_if(found, [](char c) { return c >= '0' && c <= '9'; });
  if (count != 1 || digits < 10 || digits > 11) return {original, MessageCode::phone_kept};
  std::string area;
  std::string exchange;
  std::string line;
  // Digits without any mark stay so: where the area code ends cannot be told from them.
  if (!all_digits(found) && RE2::FullMatch(found, parts, &area, &exchange, &line))
    found = area + "-" + exchange + "-" + line;
  PhoneReading out{found};
  std::string around = phone;
  around.erase(around.find(matched), matched.size());
  static const RE2 label("^(TEL|Tel|tel|電話)?[:：]? *");
  RE2::Replace(&around, label, "");
  static const RE2 extension(R"(\(?内線[:：]? ?(\d+)\)?)");
  if (RE2::PartialMatch(around, extension, &out.extension)) RE2::Replace(&around, extension, "");
  out.remark = trim_blanks(around);
  if (!out.remark.empty() || !out.extension.empty()) {
    out.finding = MessageCode::phone_remark_split;
  } else if (out.number != text) {
    out.finding = MessageCode::phone_rewritten;
  }
  return out;
}

Rewritten read_weekdays(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kDays{"月", "火", "水", "木", "金", "土", "日"};
  const std::string original(trim_blanks(text));
  std::string days = clean(text);
  static const RE2 names("(月|火|水|木|金|土|日)曜日?");
  RE2::GlobalReplace(&days, names, "\\1");
  static const RE2 range("(月|火|水|木|金|土|日) ?(?:-|~|～|〜|から|ー|－|―) ?(月|火|水|木|金|土|日)");
  std::string from;
  std::string to;
  while (RE2::PartialMatch(days, range, &from, &to)) {
    const auto first = std::ranges::find(kDays, from);
    const auto last = std::ranges::find(kDays, to);
    if (first >= last) return {original};
    std::string all;
    for (auto day = first; day <= last; ++day) all += *day;
    RE2::Replace(&days, range, all);
  }
  static const RE2 separators("[ ・、,/;･]");
  RE2::GlobalReplace(&days, separators, "");
  static const RE2 only_days("(月|火|水|木|金|土|日|祝)+");
  if (days == original || !RE2::FullMatch(days, only_days)) return {original};
  return {days, MessageCode::weekdays_rewritten};
}

Reading read_choice(std::string_view text, std::span<const std::string> choices) {
  const std::string original(trim_blanks(text));
  const std::string key = spelling_key(text);
  for (const std::string& choice : choices) {
    if (choice == original) return Rewritten{choice};
    if (spelling_key(choice) == key) return Rewritten{choice, MessageCode::choice_rewritten};
  }
  static constexpr auto kYes =
      std::to_array<std::string_view>({"有", "有り", "あり", "○", "〇", "◯", "可", "1", "はい", "yes", "true", "可能"});
  static constexpr auto kNo =
      std::to_array<std::string_view>({"無", "無し", "なし", "×", "✕", "✖", "不可", "0", "いいえ", "no", "false"});
  static constexpr auto kUnknown = std::to_array<std::string_view>({"未確認", "不明", "未調査"});
  const auto pick = [&](std::string_view a, std::string_view b) -> std::string_view {
    const auto it = std::ranges::find_if(choices, [&](const std::string& c) { return c == a || c == b; });
    return it == choices.end() ? std::string_view() : std::string_view(*it);
  };
  std::string_view meant;
  if (std::ranges::find(kYes, key) != kYes.end()) meant = pick("あり", "可");
  if (std::ranges::find(kNo, key) != kNo.end()) meant = pick("なし", "不可");
  if (std::ranges::find(kUnknown, key) != kUnknown.end()) meant = pick("未確認", "未確認");
  if (meant.empty()) return std::unexpected(MessageCode::choice_unlisted);
  return Rewritten{std::string(meant), MessageCode::choice_rewritten};
}

std::expected<bool, MessageCode> read_flag(std::string_view text) {
  static const std::array<std::string, 2> kChoices{"あり", "なし"};
  const auto choice = read_choice(text, kChoices);
  if (!choice) return std::unexpected(MessageCode::flag_unreadable);
  return choice->text == kChoices[0];
}

std::vector<std::string> split_list(std::string_view text, std::string_view separators) {
  std::string lines(text);
  if (!separators.empty()) {
    RE2::GlobalReplace(&lines, "[" + RE2::QuoteMeta(re2::StringPiece(separators.data(), separators.size())) + "]",
                       "\n");
  }
  std::vector<std::string> out;
  std::size_t start = 0;
  while (start <= lines.size()) {
    const std::size_t end = std::min(lines.find_first_of("\r\n", start), lines.size());
    const std::string_view part = trim_blanks(std::string_view(lines).substr(start, end - start));
    if (!part.empty()) out.emplace_back(part);
    start = end + 1;
  }
  return out;
}

}  // namespace machi::ingest

#include "ingest/codes.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/japanese_text.h"

namespace machi::ingest {
namespace {

constexpr std::array<std::string_view, 47> kPrefectures{
    "北海道", "青森県", "岩手県", "宮城県",   "秋田県", "山形県",   "福島県", "茨城県", "栃木県", "群馬県",
    "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",   "石川県", "福井県", "山梨県", "長野県",
    "岐阜県", "静岡県", "愛知県", "三重県",   "滋賀県", "京都府",   "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県",   "山口県", "徳島県",   "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県",   "宮崎県", "鹿児島県", "沖縄県"};

constexpr std::array<std::string_view, 47> kPrefectureCodes{
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
    "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47"};

std::string clean(std::string_view text) {
  return std::string(trim_blanks(narrow_ascii(text)));
}

bool is_prefecture(std::string_view two_digits) {
  return two_digits >= "01" && two_digits <= "47";
}

/// The prefecture's postal codes begin with this after the lost zero: 01x Akita, 02x Iwate, 03x Aomori, others
/// Hokkaido.
bool zero_belongs(std::string_view six_digits, std::string_view prefecture) {
  const char second = six_digits.front();
  if (second == '1') return prefecture == "05";
  if (second == '2') return prefecture == "03";
  if (second == '3') return prefecture == "02";
  return prefecture == "01" && (second == '0' || second >= '4');
}

}  // namespace

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

char municipal_check_digit(std::string_view five_digits) {
  int sum = 0;
  for (int i = 0; i < 5; ++i) sum += (five_digits[static_cast<std::size_t>(i)] - '0') * (6 - i);
  return static_cast<char>('0' + (11 - sum % 11) % 10);
}

bool is_municipal_code(std::string_view text) {
  return text.size() == 6 && all_digits(text) && is_prefecture(text.substr(0, 2)) &&
         municipal_check_digit(text.substr(0, 5)) == text[5];
}

Reading read_municipal_code(std::string_view text, std::string_view prefecture, std::string_view expected) {
  std::string code = clean(text);
  // A calculation sheet may also write 122033.0.
  if (code.ends_with(".0")) code.resize(code.size() - 2);
  if (is_municipal_code(code)) {
    if (code == text) return Rewritten{code};
    return Rewritten{code, MessageCode::number_cleaned};
  }
  if (!all_digits(code) || code.size() < 4 || code.size() > 5)
    return std::unexpected(MessageCode::municipal_code_invalid);
  std::vector<Rewritten> readings;
  const std::string with_zero = "0" + code;
  if (is_municipal_code(with_zero)) readings.push_back({with_zero, MessageCode::leading_zero_restored});
  const std::string five = code.size() == 4 ? with_zero : code;
  if (is_prefecture(std::string_view(five).substr(0, 2))) {
    readings.push_back({five + municipal_check_digit(five),
                        code.size() == 4 ? MessageCode::leading_zero_restored : MessageCode::check_digit_added});
  }
  if (readings.size() > 1) {
    const auto contradicts = [&](const Rewritten& r) {
      if (!expected.empty()) return r.text != expected;
      return prefecture.empty() || !r.text.starts_with(prefecture);
    };
    std::erase_if(readings, contradicts);
    if (readings.size() != 1) return std::unexpected(MessageCode::municipal_code_ambiguous);
  }
  if (readings.empty()) return std::unexpected(MessageCode::municipal_code_invalid);
  return readings.front();
}

std::string_view prefecture_code(std::string_view text) {
  for (std::size_t i = 0; i < kPrefectures.size(); ++i) {
    if (text.starts_with(kPrefectures[i])) return kPrefectureCodes[i];
  }
  return {};
}

std::string_view prefecture_name(std::string_view text) {
  const auto it = std::ranges::find_if(kPrefectures, [&](std::string_view name) { return text.starts_with(name); });
  return it == kPrefectures.end() ? std::string_view() : *it;
}

bool is_broken_by_excel(std::string_view text) {
  static const RE2 pattern(R"(\d(\.\d+)?[eE]\+\d+)");
  return RE2::FullMatch(text, pattern);
}

Reading read_corporate_number(std::string_view text) {
  const std::string number = clean(text);
  if (is_broken_by_excel(number)) return std::unexpected(MessageCode::number_broken);
  if (number.size() != 13 || !all_digits(number)) return std::unexpected(MessageCode::corporate_number_invalid);
  // Check digit of the corporate number: 9 - (sum of the lower twelve digits, weighted 1 and 2 from the right) mod 9.
  int sum = 0;
  for (std::size_t i = 1; i < 13; ++i) sum += (number[i] - '0') * (i % 2 == 1 ? 2 : 1);
  if (number[0] - '0' != 9 - sum % 9) return std::unexpected(MessageCode::corporate_number_invalid);
  if (number == text) return Rewritten{number};
  return Rewritten{number, MessageCode::number_cleaned};
}

Reading read_town_id(std::string_view text) {
  std::string id = clean(text);
  if (id.size() == 8 && id[4] == '-') id.erase(4, 1);
  if (id.size() != 7 || !all_digits(id)) return std::unexpected(MessageCode::town_id_invalid);
  if (id == text) return Rewritten{id};
  return Rewritten{id, MessageCode::town_id_rewritten};
}

Reading read_postal_code(std::string_view text, std::string_view prefecture) {
  std::string code = clean(text);
  if (code.starts_with("〒")) code = trim_blanks(std::string_view(code).substr(std::string_view("〒").size()));
  static const RE2 hyphens("‐|‑|–|—|―|−|ー");
  RE2::GlobalReplace(&code, hyphens, "-");
  if (code.size() == 8 && code[3] == '-') code.erase(3, 1);
  auto repair = MessageCode::postal_code_rewritten;
  if (code.size() == 6 && all_digits(code) && zero_belongs(code, prefecture)) {
    code.insert(0, 1, '0');
    repair = MessageCode::leading_zero_restored;
  }
  if (code.size() != 7 || !all_digits(code)) return std::unexpected(MessageCode::postal_code_invalid);
  code.insert(3, 1, '-');
  if (code == text) return Rewritten{code};
  return Rewritten{code, repair};
}

}  // namespace machi::ingest

#include "ingest/message.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <array>

namespace machi::ingest {
namespace {

struct Row {
  MessageCode code;
  MessageInfo info;
};

using enum MessageCode;
using enum Severity;

constexpr auto kMessages = std::to_array<Row>({
    {blanks_trimmed,
     {"blanks_trimmed", changed, "「{column}」の前後の空白を取り除きました。",
      "Removed blanks around the value of '{column}'."}},
    {kana_widened,
     {"kana_widened", changed, "「{column}」の半角カナを全角に直しました：{before} → {after}",
      "Widened half-width katakana in '{column}': {before} → {after}"}},
    {text_composed,
     {"text_composed", changed, "「{column}」の文字を標準の形（NFC）にそろえ、制御文字を取り除きました。",
      "Composed the letters of '{column}' (NFC) and removed control characters."}},
    {long_vowel_restored,
     {"long_vowel_restored", changed, "「{column}」のハイフンを長音「ー」に直しました：{before} → {after}",
      "Turned hyphens of '{column}' into long vowel marks: {before} → {after}"}},
    {leading_zero_restored,
     {"leading_zero_restored", changed, "「{column}」の失われた先頭の 0 を補いました：{before} → {after}",
      "Restored the lost leading zero of '{column}': {before} → {after}"}},
    {check_digit_added,
     {"check_digit_added", changed, "「{column}」の5桁のコードに検査数字を付けて6桁にしました：{before} → {after}",
      "Added the check digit to the five-digit code of '{column}': {before} → {after}"}},
    {number_cleaned,
     {"number_cleaned", changed, "「{column}」を数値にしました：{before} → {after}",
      "Read '{column}' as a number: {before} → {after}"}},
    {date_from_serial,
     {"date_from_serial", changed, "「{column}」の Excel の通し番号を日付に直しました：{before} → {after}",
      "Turned Excel's serial number in '{column}' into a date: {before} → {after}"}},
    {date_rewritten,
     {"date_rewritten", changed, "「{column}」の日付の書き方を直しました：{before} → {after}",
      "Rewrote the date of '{column}': {before} → {after}"}},
    {time_from_fraction,
     {"time_from_fraction", changed, "「{column}」の Excel の小数を時刻に直しました：{before} → {after}",
      "Turned Excel's fraction of a day in '{column}' into a time: {before} → {after}"}},
    {time_rewritten,
     {"time_rewritten", changed, "「{column}」の時刻の書き方を直しました：{before} → {after}",
      "Rewrote the time of '{column}': {before} → {after}"}},
    {phone_rewritten,
     {"phone_rewritten", changed, "「{column}」の電話番号の書き方を直しました：{before} → {after}",
      "Rewrote the phone number of '{column}': {before} → {after}"}},
    {phone_remark_split,
     {"phone_remark_split", changed,
      "「{column}」から電話番号だけを取り出し、残りを「{detail}」に移しました：{before} → {after}",
      "Took the phone number out of '{column}' and moved the rest to '{detail}': {before} → {after}"}},
    {postal_code_rewritten,
     {"postal_code_rewritten", changed, "「{column}」の郵便番号の書き方を直しました：{before} → {after}",
      "Rewrote the postal code of '{column}': {before} → {after}"}},
    {town_id_rewritten,
     {"town_id_rewritten", changed, "「{column}」の町字IDからハイフンを取り除きました：{before} → {after}",
      "Removed the hyphen from the town id in '{column}': {before} → {after}"}},
    {weekdays_rewritten,
     {"weekdays_rewritten", changed, "「{column}」の曜日の書き方をそろえました：{before} → {after}",
      "Rewrote the weekdays of '{column}': {before} → {after}"}},
    {choice_rewritten,
     {"choice_rewritten", changed, "「{column}」を標準の選択肢に直しました：{before} → {after}",
      "Rewrote '{column}' as the standard's choice: {before} → {after}"}},
    {coordinates_swapped,
     {"coordinates_swapped", changed, "緯度と経度が逆だったので入れ替えました：{before} → {after}",
      "Latitude and longitude stood in each other's place: {before} → {after}"}},
    {coordinates_from_degrees,
     {"coordinates_from_degrees", changed, "度分秒の座標を十進の度に直しました：{before} → {after}",
      "Turned degrees, minutes and seconds into decimal degrees: {before} → {after}"}},
    {address_in_city,
     {"address_in_city", changed, "「{column}」に住所全体が入っていたので分けました：{before} → {after}",
      "'{column}' held the whole address: {before} → {after}"}},
    {choice_unlisted,
     {"choice_unlisted", noted, "「{column}」の値「{before}」は標準の選択肢にありません。そのまま取り込みました。",
      "'{before}' is none of the standard's choices for '{column}'; taken as it is."}},
    {poi_code_unlisted,
     {"poi_code_unlisted", noted, "「{column}」の値「{before}」は POI コード一覧にありません。そのまま取り込みました。",
      "'{before}' in '{column}' is not in the list of POI codes; taken as it is."}},
    {partial_date,
     {"partial_date", noted, "「{column}」の日付は年または年月までです：{before} → {after}",
      "The date of '{column}' names no day: {before} → {after}"}},
    {phone_kept,
     {"phone_kept", noted, "「{column}」は一つの電話番号として読めません。そのまま取り込みました：{before}",
      "'{column}' is not one phone number; taken as it is: {before}"}},
    {gaiji,
     {"gaiji", noted, "「{column}」に外字（この環境でしか読めない文字）があります：{before}",
      "'{column}' holds private-use characters (gaiji): {before}"}},
    {columns_disagree,
     {"columns_disagree", noted,
      "「{column}」の値「{before}」は同じ意味の列「{detail}」の「{after}」と違います。後者を使いました。",
      "'{column}' says '{before}' but '{detail}', which means the same, says '{after}'; the latter was taken."}},
    {flag_unknown,
     {"flag_unknown", noted, "「{column}」の「{before}」は知らない区分です。",
      "'{before}' in '{column}' is not a known category."}},
    {row_padded,
     {"row_padded", noted, "列が足りないので、残りを空欄として読みました（{detail}）。",
      "The row ends early; the missing cells were read as blank ({detail})."}},
    {number_broken,
     {"number_broken", left_out,
      "「{column}」の値「{before}」は Excel の指数表記で桁が失われています。この値は取り込みませんでした。",
      "Excel cut digits from '{column}' ({before}); the value was left out."}},
    {number_unreadable,
     {"number_unreadable", left_out,
      "「{column}」の値「{before}」は数値として読めません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a number; the value was left out."}},
    {date_unreadable,
     {"date_unreadable", left_out, "「{column}」の値「{before}」は日付として読めません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a date; the value was left out."}},
    {time_unreadable,
     {"time_unreadable", left_out, "「{column}」の値「{before}」は時刻として読めません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a time; the value was left out."}},
    {flag_unreadable,
     {"flag_unreadable", left_out,
      "「{column}」の値「{before}」は該当の有無（1 または空欄）として読めません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is neither yes nor no; the value was left out."}},
    {corporate_number_invalid,
     {"corporate_number_invalid", left_out,
      "「{column}」の値「{before}」は法人番号（13桁、検査数字）として正しくありません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a valid corporate number; the value was left out."}},
    {town_id_invalid,
     {"town_id_invalid", left_out,
      "「{column}」の値「{before}」は町字ID（7桁）ではありません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a town id of seven digits; the value was left out."}},
    {postal_code_invalid,
     {"postal_code_invalid", left_out,
      "「{column}」の値「{before}」は郵便番号として読めません。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a postal code; the value was left out."}},
    {municipal_code_invalid,
     {"municipal_code_invalid", left_out,
      "「{column}」の値「{before}"
      "」は全国地方公共団体コードではありません（検査数字が合いません）。この値は取り込みませんでした。",
      "'{before}' in '{column}' is not a local government code (its check digit is wrong); the value was left out."}},
    {municipal_code_ambiguous,
     {"municipal_code_ambiguous", left_out,
      "「{column}」の値「{before}」は {after} のどちらのコードか決められません。この値は取り込みませんでした。",
      "'{before}' in '{column}' could be {after}; the value was left out."}},
    {coordinates_unreadable,
     {"coordinates_unreadable", left_out, "座標「{before}」は緯度・経度として読めません。位置は取り込みませんでした。",
      "'{before}' is not a position; it was left out."}},
    {coordinates_outside,
     {"coordinates_outside", left_out, "座標「{before}」は日本の範囲にありません。位置は取り込みませんでした。",
      "'{before}' lies outside Japan; the position was left out."}},
    {coordinates_incomplete,
     {"coordinates_incomplete", left_out, "緯度と経度の一方しかありません（{before}）。位置は取り込みませんでした。",
      "Only one of latitude and longitude is given ({before}); the position was left out."}},
    {coordinates_placeholder,
     {"coordinates_placeholder", left_out, "座標「{before}」は仮の値です。位置は取り込みませんでした。",
      "'{before}' is a placeholder; the position was left out."}},
    {row_unreadable,
     {"row_unreadable", refused, "文字として読めないところがあるため、この行は取り込みませんでした。",
      "The row holds bytes that are no text in this encoding; it was refused."}},
    {row_quote_open,
     {"row_quote_open", refused, "引用符「\"」が閉じていないため、この行は取り込みませんでした：{before}",
      "A quotation mark is never closed; the row was refused: {before}"}},
    {row_too_long,
     {"row_too_long", refused, "行が長すぎるか列が多すぎるため、取り込みませんでした。",
      "The row is too long or has too many cells; it was refused."}},
    {row_wider_than_header,
     {"row_wider_than_header", refused,
      "見出しより列が多く、はみ出した値「{before}」の意味が分からないため、この行は取り込みませんでした（{detail}）。",
      "The row has more cells than the header ({detail}); what '{before}' means is unknown, so it was refused."}},
    {row_shorter_than_header,
     {"row_shorter_than_header", refused, "行が途中で改行されているため（{detail}）、この行は取り込みませんでした。",
      "A line break cuts this row in two ({detail}); it was refused."}},
    {row_without_value,
     {"row_without_value", refused, "「{column}」が空欄か読めないため、この行は取り込みませんでした。",
      "'{column}' is blank or unreadable; the row was refused."}},
    {row_without_municipality,
     {"row_without_municipality", refused,
      "全国地方公共団体コードが分からないため、この行は取り込みませんでした。--municipality "
      "で6桁のコードを指定してください。",
      "The local government code is unknown; the row was refused. Name it with --municipality."}},
    {row_repeated,
     {"row_repeated", refused, "{detail} 行目と同じ内容なので、取り込みませんでした。",
      "The row says the same as row {detail}; it was refused."}},
    {row_key_repeated,
     {"row_key_repeated", refused, "ID「{before}」は {detail} 行目で使われているため、この行は取り込みませんでした。",
      "The id '{before}' is taken by row {detail}; this row was refused."}},
    {row_not_public,
     {"row_not_public", refused, "「{column}」が「{before}」で、公開してよい行ではないため、取り込みませんでした。",
      "'{column}' is '{before}': the row is not for publication and was refused."}},
    {row_strict,
     {"row_strict", refused, "読めない値があるため（--strict）、この行は取り込みませんでした。",
      "A value is unreadable and --strict is set; the row was refused."}},
    {row_not_stored,
     {"row_not_stored", refused, "データベースがこの行を受け付けませんでした：{detail}",
      "The store refused the row: {detail}"}},
    {column_unknown,
     {"column_unknown", file, "列「{column}」はこのデータセットの標準にありません。値は additionalItems に入れます。",
      "The standard knows no column '{column}' in this dataset; its values go to additionalItems."}},
    {column_unnamed,
     {"column_unnamed", file, "{detail} 列目に見出しがありません。値があれば additionalItems に入れます。",
      "Column {detail} has no heading; values in it go to additionalItems."}},
    {column_repeated,
     {"column_repeated", file, "見出し「{column}」が二度あります。空欄でない最初の値を使います。",
      "The heading '{column}' stands twice; the first value that is not blank counts."}},
    {encoding_damaged,
     {"encoding_damaged", file, "{detail} として読めないバイトが {before} 個あります。含む行は取り込みません。",
      "{before} bytes mean nothing in {detail}; rows that hold them are refused."}},
});

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 5> kNames{"changed", "noted", "left_out", "refused", "file"};
  return kNames[static_cast<std::size_t>(severity)];
}

const MessageInfo& message_info(MessageCode code) {
  return kMessages[static_cast<std::size_t>(code)].info;
}

std::vector<MessageCode> all_message_codes() {
  std::vector<MessageCode> out;
  for (const Row& row : kMessages) out.push_back(row.code);
  return out;
}

std::string sentence(const Finding& finding, Language language) {
  const MessageInfo& info = message_info(finding.code);
  return fmt::format(fmt::runtime(language == Language::japanese ? info.japanese : info.english),
                     fmt::arg("column", finding.column), fmt::arg("before", finding.before),
                     fmt::arg("after", finding.after), fmt::arg("detail", finding.detail));
}

}  // namespace machi::ingest

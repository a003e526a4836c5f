#include "ingest/cell_reader.h"

#include <re2/re2.h>

#include "base/japanese_text.h"
#include "base/json_writer.h"
#include "ingest/codes.h"
#include "ingest/values.h"

namespace machi::ingest {
namespace {

/// Blanks, letter forms and control characters set right: what every text goes through.
class TextCleaner {
 public:
  explicit TextCleaner(std::string_view raw, std::vector<Finding>& findings) : findings_(findings) {
    const std::string_view trimmed = trim_blanks(raw);
    text_ = trimmed;
    std::erase_if(text_, [](char c) { return (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7F; });
    if (const std::string composed = to_nfc(text_); composed != trimmed) {
      text_ = composed;
      // A CR before each LF is how the file breaks lines, not a fault of the value.
      std::string without_returns(trimmed);
      std::erase(without_returns, '\r');
      if (composed != without_returns)
        findings_.push_back({MessageCode::text_composed, {}, std::string(trimmed), composed});
    }
    if (trimmed.size() != raw.size()) findings_.push_back({MessageCode::blanks_trimmed, {}, std::string(raw), text_});
    if (has_half_width_kana(text_)) replace(widen_kana(text_), MessageCode::kana_widened);
    if (has_private_use_character(text_)) findings_.push_back({MessageCode::gaiji, {}, text_});
  }
  void replace(std::string text, MessageCode code) {
    if (text == text_) return;
    findings_.push_back({code, {}, text_, text});
    text_ = std::move(text);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::vector<Finding>& findings_;
  std::string text_;
};

TypedValue number_value(std::string json) {
  return {"Number", json, json};
}

/// Takes the outcome of a reader: the value, and what it had to repair or why it failed.
void take(CellReading& out, std::string_view raw, Reading reading, TypedValue (*as_value)(std::string)) {
  if (!reading) {
    out.findings.push_back({reading.error(), {}, std::string(trim_blanks(raw))});
    return;
  }
  if (reading->repair) out.findings.push_back({*reading->repair, {}, std::string(raw), reading->text});
  out.value = as_value(std::move(reading->text));
}

TypedValue date_value(std::string iso) {
  // NGSI-LD knows a type for whole dates only; a year alone is text.
  const bool complete = iso.size() == 10;
  TypedValue value = text_value(std::move(iso));
  if (complete) value.type = "Date";
  return value;
}

void read_text(CellReading& out, const AttributeDefinition& attribute, std::string_view raw) {
  TextCleaner cleaner(raw, out.findings);
  if (attribute.kind == ValueKind::kana) {
    static const RE2 vowel("([ァ-ヺ])-");
    std::string kana = cleaner.text();
    while (RE2::Replace(&kana, vowel, "\\1ー")) {
    }
    cleaner.replace(std::move(kana), MessageCode::long_vowel_restored);
  }
  if (!cleaner.text().empty()) out.value = text_value(cleaner.text());
}

void read_identifier(CellReading& out, std::string_view raw) {
  const std::string text(trim_blanks(narrow_ascii(raw)));
  if (is_broken_by_excel(text)) {
    out.findings.push_back({MessageCode::number_broken, {}, text});
    return;
  }
  if (!text.empty()) out.value = text_value(text);
}

void read_poi_code(CellReading& out, std::string_view raw, const DatasetCatalogue& catalogue) {
  const std::string code(trim_blanks(narrow_ascii(raw)));
  // A city may subdivide a code by a letter: 1003a.
  const auto listed = [&](const std::string& c) { return catalogue.is_poi_code(c.substr(0, 4)) && c.size() <= 5; };
  out.value = text_value(code);
  if (listed(code)) return;
  if (const std::string with_zero = "0" + code; code.size() == 3 && listed(with_zero)) {
    out.findings.push_back({MessageCode::leading_zero_restored, {}, code, with_zero});
    out.value = text_value(with_zero);
    return;
  }
  out.findings.push_back({MessageCode::poi_code_unlisted, {}, code});
}

void read_municipal(CellReading& out, std::string_view raw, const RowContext& row) {
  take(out, raw, read_municipal_code(raw, row.prefecture, row.municipality), text_value);
  if (out.value || out.findings.back().code != MessageCode::municipal_code_ambiguous) return;
  const std::string code(trim_blanks(narrow_ascii(raw)));
  out.findings.back().after = "0" + code + " / " + code + municipal_check_digit(code);
}

void read_phone_number(CellReading& out, std::string_view raw) {
  TextCleaner cleaner(raw, out.findings);
  PhoneReading phone = read_phone(cleaner.text());
  if (phone.finding) {
    out.findings.push_back({*phone.finding, {}, cleaner.text(), phone.number});
    if (*phone.finding == MessageCode::phone_kept) out.findings.back().after.clear();
  }
  if (!phone.extension.empty()) out.spilled.emplace_back("contactPointExtension", std::move(phone.extension));
  if (!phone.remark.empty()) out.spilled.emplace_back("contactPointRemarks", std::move(phone.remark));
  out.value = text_value(std::move(phone.number));
}

void read_choice_value(CellReading& out, const AttributeDefinition& attribute, std::string_view raw) {
  const auto choice = read_choice(raw, attribute.choices);
  if (!choice) {
    read_text(out, attribute, raw);
    out.findings.push_back({choice.error(), {}, std::string(trim_blanks(raw))});
    return;
  }
  take(out, raw, choice, text_value);
}

void read_flag_value(CellReading& out, std::string_view raw) {
  if (trim_blanks(raw).empty()) {
    // The standard: 1 where it applies, otherwise blank.
    out.value = TypedValue{"Boolean", "false", "false"};
    return;
  }
  const auto flag = read_flag(raw);
  if (!flag) {
    out.findings.push_back({flag.error(), {}, std::string(trim_blanks(raw))});
    return;
  }
  const std::string text = *flag ? "true" : "false";
  out.value = TypedValue{"Boolean", text, text};
}

void read_list_value(CellReading& out, const AttributeDefinition& attribute, std::string_view raw) {
  TextCleaner cleaner(raw, out.findings);
  TypedValue value{"StructuredValue", {}, cleaner.text()};
  JsonWriter writer(value.json);
  writer.begin_array();
  for (const std::string& part : split_list(cleaner.text(), attribute.separators)) writer.string(part);
  writer.end_array();
  out.value = std::move(value);
}

void read_amount(CellReading& out, const AttributeDefinition& attribute, std::string_view raw) {
  // Prices come as numbers and as prose ("大人500円、小人250円"); prose stays prose.
  if (auto number = read_number(raw, attribute.unit)) {
    take(out, raw, std::move(number), number_value);
  } else {
    read_text(out, attribute, raw);
  }
}

}  // namespace

TypedValue text_value(std::string text) {
  TypedValue value{"Text", {}, std::move(text)};
  JsonWriter::append_quoted(value.json, value.text);
  return value;
}

CellReading read_cell(const AttributeDefinition& attribute, std::string_view text, const DatasetCatalogue& catalogue,
                      const RowContext& row) {
  CellReading out;
  if (trim_blanks(text).empty() && attribute.kind != ValueKind::flag) return out;
  switch (attribute.kind) {
    case ValueKind::identifier:
      read_identifier(out, text);
      break;
    case ValueKind::municipal_code:
      read_municipal(out, text, row);
      break;
    case ValueKind::corporate_number:
      take(out, text, read_corporate_number(text), text_value);
      break;
    case ValueKind::town_id:
      take(out, text, read_town_id(text), text_value);
      break;
    case ValueKind::poi_code:
      read_poi_code(out, text, catalogue);
      break;
    case ValueKind::postal_code:
      take(out, text, read_postal_code(text, row.prefecture), text_value);
      break;
    case ValueKind::phone:
      read_phone_number(out, text);
      break;
    case ValueKind::number:
      take(out, text, read_number(text, attribute.unit), number_value);
      break;
    case ValueKind::amount:
      read_amount(out, attribute, text);
      break;
    case ValueKind::date:
      take(out, text, read_date(text), date_value);
      break;
    case ValueKind::time:
      take(out, text, read_time(text), text_value);
      break;
    case ValueKind::weekdays:
      take(out, text, read_weekdays(text), text_value);
      break;
    case ValueKind::choice:
      read_choice_value(out, attribute, text);
      break;
    case ValueKind::flag:
      read_flag_value(out, text);
      break;
    case ValueKind::list:
      read_list_value(out, attribute, text);
      break;
    case ValueKind::text:
    case ValueKind::kana:
    case ValueKind::local_government:
    case ValueKind::prefecture:
    case ValueKind::city:
    case ValueKind::address:
    case ValueKind::url:
    case ValueKind::latitude:
    case ValueKind::longitude:
      read_text(out, attribute, text);
      break;
  }
  return out;
}

}  // namespace machi::ingest

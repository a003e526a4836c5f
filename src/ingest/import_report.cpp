#include "ingest/import_report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/json_writer.h"

namespace machi::ingest {
namespace {

void append_csv(std::string& out, std::string_view field) {
  if (!out.empty() && out.back() != '\n') out += ',';
  // A leading =, +, - or @ would be a formula to a calculation sheet (CSV injection).
  const bool formula = !field.empty() && std::string_view("=+-@").find(field.front()) != std::string_view::npos;
  out += '"';
  if (formula) out += '\'';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<std::unique_ptr<ReportFile>> ReportFile::create(const std::string& path, Language language) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return fail(ErrorCode::bad_request, std::string("the report file cannot be written: ") + std::strerror(errno),
                path);
  }
  std::unique_ptr<ReportFile> report(new ReportFile(file, path.ends_with(".csv"), language));
  if (report->csv_) {
    const bool japanese = language == Language::japanese;
    report->write(japanese ? "\xEF\xBB\xBF行,ファイルの行,区分,コード,項目,前,後,説明,エンティティ\r\n"
                           : "\xEF\xBB\xBFrow,line,severity,code,column,before,after,message,entity\r\n");
  }
  return report;
}

void ReportFile::write(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) failed_ = true;
}

void ReportFile::add(const ReportEntry& entry) {
  const MessageInfo& info = message_info(entry.finding.code);
  const std::string message = sentence(entry.finding, language_);
  std::string out;
  if (csv_) {
    out = fmt::format("{},{}", entry.row, entry.line);
    for (const std::string_view field : {name_of(info.severity), info.name, std::string_view(entry.finding.column),
                                         std::string_view(entry.finding.before), std::string_view(entry.finding.after),
                                         std::string_view(message), std::string_view(entry.entity)}) {
      append_csv(out, field);
    }
    out += "\r\n";
  } else {
    JsonWriter json(out);
    json.begin_object().key("row").integer(static_cast<std::int64_t>(entry.row));
    json.key("line").integer(static_cast<std::int64_t>(entry.line));
    json.key("severity").string(name_of(info.severity)).key("code").string(info.name);
    const auto text = [&](std::string_view name, std::string_view value) {
      if (!value.empty()) json.key(name).string(value);
    };
    text("column", entry.finding.column);
    text("before", entry.finding.before);
    text("after", entry.finding.after);
    text("detail", entry.finding.detail);
    text("message", message);
    text("entity", entry.entity);
    json.end_object();
    out += '\n';
  }
  write(out);
}

Result<> ReportFile::close() {
  if (file_ && std::fflush(file_.get()) != 0) failed_ = true;
  file_.reset();
  if (failed_) return fail(ErrorCode::internal, "the report file could not be written to its end");
  return {};
}

std::uint64_t ImportReport::count(Severity severity) const {
  std::uint64_t sum = 0;
  for (const auto& [code, times] : findings) {
    if (message_info(code).severity == severity) sum += times;
  }
  return sum;
}

std::string ImportReport::summary(Language language) const {
  const bool ja = language == Language::japanese;
  std::string separator_name = separator == ';' ? (ja ? "セミコロン" : "semicolon") : (ja ? "カンマ" : "comma");
  if (separator == '\t') separator_name = ja ? "タブ" : "tab";
  if (separator == 0) separator_name = "JSON";
  std::string out;
  if (dry_run) out += ja ? "試行です。データベースには何も書いていません。\n" : "Dry run: nothing was written.\n";
  out += fmt::format(fmt::runtime(ja ? "データセット {}、様式 {}（{}）、文字コード {}、区切り {}\n"
                                     : "Dataset {}, layout {} ({}), encoding {}, separator {}\n"),
                     dataset, layout, layout_title, encoding, separator_name);
  out += fmt::format(fmt::runtime(ja ? "{} 行：新規 {}、更新 {}、変更なし {}、取り込まなかった行 {}（ほかに空行 {}）\n"
                                     : "{} rows: {} created, {} updated, {} unchanged, {} refused (and {} blank)\n"),
                     rows, created, updated, unchanged, refused, blank_rows);
  out += fmt::format(fmt::runtime(ja ? "直した値 {}、確認が必要な値 {}、取り込まなかった値 {}\n"
                                     : "{} values repaired, {} to be looked at, {} left out\n"),
                     count(Severity::changed), count(Severity::noted), count(Severity::left_out));
  for (const auto& [code, times] : findings) {
    out += fmt::format("  {:>8}  {}\n", times, label(code, language));
  }
  for (const auto& [heading, times] : missing) {
    out += fmt::format(fmt::runtime(ja ? "  標準では必須の「{}」が {} 行で空欄です。\n"
                                       : "  '{}', required by the standard, is blank in {} rows.\n"),
                       heading, times);
  }
  return out;
}

std::string ImportReport::to_json() const {
  std::string out;
  JsonWriter json(out);
  const auto number = [&](std::string_view name, std::uint64_t value) {
    json.key(name).integer(static_cast<std::int64_t>(value));
  };
  json.begin_object().key("dataset").string(dataset).key("layout").string(layout).key("encoding").string(encoding);
  json.key("separator")
      .string(separator == 0 ? std::string_view() : std::string_view(&separator, 1))
      .key("dryRun")
      .boolean(dry_run);
  number("rows", rows);
  number("blankRows", blank_rows);
  number("created", created);
  number("updated", updated);
  number("unchanged", unchanged);
  number("refused", refused);
  json.key("findings").begin_object();
  for (const auto& [code, times] : findings) number(message_info(code).name, times);
  json.end_object().key("missing").begin_object();
  for (const auto& [heading, times] : missing) number(heading, times);
  json.end_object().end_object();
  return out;
}

}  // namespace machi::ingest

#include "ingest/import_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace machi::ingest {
namespace {

/// An option and what it does with its value (empty for switches).
struct Option {
  std::string_view name;
  bool has_value;
  void (*apply)(ImportCommand&, std::string_view);
};

using Command = ImportCommand;
constexpr auto kOptions = std::to_array<Option>({
    {"--dataset", true, [](Command& c, std::string_view v) { c.options.dataset = v; }},
    {"--tenant", true, [](Command& c, std::string_view v) { c.tenant = v; }},
    {"--service-path", true, [](Command& c, std::string_view v) { c.options.service_path = v; }},
    {"--municipality", true, [](Command& c, std::string_view v) { c.options.municipality = v; }},
    {"--source", true, [](Command& c, std::string_view v) { c.options.source = v; }},
    {"--license", true, [](Command& c, std::string_view v) { c.options.license = v; }},
    {"--data-provider", true, [](Command& c, std::string_view v) { c.options.data_provider = v; }},
    {"--report", true, [](Command& c, std::string_view v) { c.report = v; }},
    {"--definitions", true, [](Command& c, std::string_view v) { c.definitions = v; }},
    {"--dry-run", false, [](Command& c, std::string_view) { c.options.dry_run = true; }},
    {"--strict", false, [](Command& c, std::string_view) { c.options.strict = true; }},
    {"--english", false, [](Command& c, std::string_view) { c.language = c.options.language = Language::english; }},
    {"--json", false, [](Command& c, std::string_view) { c.json = true; }},
    {"--quiet", false, [](Command& c, std::string_view) { c.quiet = true; }},
    {"--help", false, [](Command& c, std::string_view) { c.help = true; }},
});

std::string with_thousands(std::uint64_t value) {
  std::string digits = fmt::format("{}", value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

/// Draws the bar at most ten times a second and wipes it at the end.
class ProgressBar {
 public:
  ProgressBar(std::FILE* terminal, Language language, bool wanted)
      : terminal_(terminal), language_(language), shown_(wanted && isatty(fileno(terminal)) != 0) {}
  ~ProgressBar() {
    if (drawn_) std::fputs("\r\x1B[K", terminal_);
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void draw(const ImportProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    drawn_ = true;
    std::fputs(("\r" + progress_line(progress, language_) + "\x1B[K").c_str(), terminal_);
    std::fflush(terminal_);
  }

 private:
  std::FILE* terminal_;
  Language language_;
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

ImportExit complain(std::FILE* terminal, const Error& error, Language language) {
  const char* form = language == Language::japanese ? "取り込めませんでした：{}\n" : "The import failed: {}\n";
  std::fputs(fmt::format(fmt::runtime(form), error.message).c_str(), terminal);
  return ImportExit::failed;
}

}  // namespace

Result<ImportCommand> parse_import_command(std::span<const std::string_view> arguments) {
  ImportCommand command;
  const bool english = std::ranges::find(arguments, "--english") != arguments.end();
  const auto wrong = [&](MessageCode code, std::string_view argument) {
    const Finding finding{code, {}, {}, {}, std::string(argument)};
    const Language language = english ? Language::english : Language::japanese;
    return fail(ErrorCode::bad_request, sentence(finding, language), std::string(argument));
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--")) {
      if (!command.options.path.empty()) return wrong(MessageCode::file_named_twice, argument);
      command.options.path = argument;
      continue;
    }
    const std::size_t equals = argument.find('=');
    const auto option = std::ranges::find(kOptions, argument.substr(0, equals), &Option::name);
    if (option == kOptions.end()) return wrong(MessageCode::option_unknown, argument);
    if (!option->has_value) {
      if (equals != std::string_view::npos) return wrong(MessageCode::option_with_value, argument);
      option->apply(command, {});
    } else if (equals != std::string_view::npos) {
      option->apply(command, argument.substr(equals + 1));
    } else if (++i < arguments.size()) {
      option->apply(command, arguments[i]);
    } else {
      return wrong(MessageCode::option_without_value, argument);
    }
  }
  if (command.options.path.empty() && !command.help) return wrong(MessageCode::file_not_named, "FILE");
  return command;
}

std::string_view import_usage(Language language) {
  if (language == Language::japanese) {
    return R"(使い方: machi import ファイル [オプション]

自治体標準オープンデータなどの CSV・TSV・JSON を取り込みます。文字コード、区切り文字、データセットと様式は自動で判定します。

  --dataset 名前         データセットを指定する（public_facility、「公共施設一覧」、01 など）
  --tenant 名前          取り込み先のテナント（Fiware-Service）
  --service-path パス    取り込み先のサービスパス（既定は /）
  --municipality コード  行に書かれていないときの全国地方公共団体コード（6桁）
  --source 文字列        出典（既定はファイル名）
  --license 文字列       ライセンス（既定はファイルに書かれているもの）
  --data-provider 名前   提供者（既定は行の地方公共団体名）
  --report ファイル      行ごとの結果を書く（.csv なら CSV、それ以外は JSON Lines）
  --definitions フォルダ 独自の様式定義を追加する
  --dry-run              調べるだけで、何も書き込まない
  --strict               読めない値がある行は取り込まない（既定はその値だけ除く）
  --english              英語で表示する
  --json                 結果を JSON で表示する
  --quiet                進み具合を表示しない

終了コード: 0 すべて取り込んだ、3 取り込まなかった行がある、1 失敗
)";
  }
  return R"(Usage: machi import FILE [OPTION …]

Imports municipal open data from CSV, TSV or JSON. Encoding, separator, dataset and layout are found by themselves.

  --dataset NAME        the dataset (public_facility, its Japanese title, or its number)
  --tenant NAME         where to import to (Fiware-Service)
  --service-path PATH   where to import to (default: /)
  --municipality CODE   local government code of six digits, for rows that do not name theirs
  --source TEXT         attribute source (default: the file's name)
  --license TEXT        attribute license (default: what the file says)
  --data-provider NAME  attribute dataProvider (default: the row's local government)
  --report FILE         what was found, row by row (CSV if it ends in .csv, JSON lines otherwise)
  --definitions FOLDER  further dataset definitions
  --dry-run             look, but write nothing
  --strict              refuse rows with unreadable values (default: leave out the value)
  --english             speak English
  --json                the summary as JSON
  --quiet               no progress bar

Exit status: 0 everything was taken, 3 some rows were refused, 1 failure
)";
}

std::string progress_line(const ImportProgress& progress, Language language) {
  constexpr std::uint64_t kWidth = 20;
  const std::uint64_t total = std::max<std::uint64_t>(progress.bytes_total, 1);
  const std::uint64_t done = std::min(progress.bytes_read, total);
  std::string bar;
  for (std::uint64_t i = 0; i < kWidth; ++i) bar += i < done * kWidth / total ? "#" : "·";
  const char* form =
      language == Language::japanese ? "[{}] {:3} %  {} 行（取り込まない行 {}）" : "[{}] {:3} %  {} rows ({} refused)";
  return fmt::format(fmt::runtime(form), bar, done * 100 / total, with_thousands(progress.rows),
                     with_thousands(progress.refused));
}

ImportExit run_import_command(const ImportCommand& command, EntitySink& sink, std::FILE* out, std::FILE* terminal) {
  const auto catalogue = DatasetCatalogue::load(command.definitions);
  if (!catalogue) return complain(terminal, catalogue.error(), command.language);
  std::unique_ptr<ReportFile> report;
  if (!command.report.empty()) {
    auto file = ReportFile::create(command.report, command.language);
    if (!file) return complain(terminal, file.error(), command.language);
    report = *std::move(file);
  }
  Result<ImportReport> result;
  {
    ProgressBar bar(terminal, command.language, !command.quiet);
    const auto draw = [&bar](const ImportProgress& progress) {
      bar.draw(progress);
      return true;
    };
    result = import_file(command.options, *catalogue, sink, report.get(), draw);
  }
  if (report) {
    if (auto closed = report->close(); !closed) return complain(terminal, closed.error(), command.language);
  }
  if (!result) return complain(terminal, result.error(), command.language);
  const std::string text = command.json ? result->to_json() + "\n" : result->summary(command.language);
  std::fputs(text.c_str(), out);
  return result->refused > 0 ? ImportExit::rows_refused : ImportExit::complete;
}

}  // namespace machi::ingest

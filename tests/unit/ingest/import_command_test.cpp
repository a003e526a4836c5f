#include "ingest/import_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ingest/demonstration.h"
#include "memory_sink.h"

namespace machi::ingest {
namespace {

Result<ImportCommand> parse(std::vector<std::string_view> arguments) {
  return parse_import_command(arguments);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ImportCommand, ReadsItsArguments) {
  const auto command = parse({"--dataset", "aed", "aed.csv", "--tenant=city", "--dry-run", "--english"});
  ASSERT_TRUE(command);
  EXPECT_EQ(command->options.path, "aed.csv");
  EXPECT_EQ(command->options.dataset, "aed");
  EXPECT_EQ(command->tenant, "city");
  EXPECT_TRUE(command->options.dry_run);
  EXPECT_EQ(command->language, Language::english);
}

TEST(ImportCommand, SaysWhichArgumentIsWrong) {
  EXPECT_EQ(parse({"a.csv", "--datset", "x"}).error().field, "--datset");
  EXPECT_EQ(parse({"a.csv", "b.csv"}).error().field, "b.csv");
  EXPECT_EQ(parse({"a.csv", "--dataset"}).error().field, "--dataset");
  EXPECT_EQ(parse({"a.csv", "--strict=1"}).error().field, "--strict=1");
  EXPECT_EQ(parse({"--strict"}).error().field, "FILE");
  EXPECT_TRUE(parse({"--help"}));
  EXPECT_EQ(parse({"a.csv", "--datset"}).error().message, "「--datset」というオプションはありません。");
  EXPECT_EQ(parse({"--english", "a.csv", "--datset"}).error().message, "There is no option '--datset'.");
}

TEST(ImportCommand, UsageNamesEveryOption) {
  for (const Language language : {Language::japanese, Language::english}) {
    for (const char* option :
         {"--dataset", "--tenant", "--service-path", "--municipality", "--source", "--license", "--data-provider",
          "--report", "--definitions", "--dry-run", "--strict", "--english", "--json", "--quiet"}) {
      EXPECT_NE(import_usage(language).find(option), std::string_view::npos) << option;
    }
  }
}

TEST(ImportCommand, ProgressShowsShareRowsAndRefusals) {
  EXPECT_EQ(progress_line({500, 1000, 1234, 5}, Language::english),
            "[##########··········]  50 %  1,234 rows (5 refused)");
  EXPECT_EQ(progress_line({0, 0, 0, 0}, Language::japanese), "[····················]   0 %  0 行（取り込まない行 0）");
}

class RunImport : public testing::Test {
 protected:
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "machi_import_command";
  MemorySink sink_;
  ImportCommand command_;

  void SetUp() override {
    std::filesystem::create_directories(folder_);
    command_.options.path = (folder_ / "092134_public_facility.csv").string();
    command_.options.dataset = "public_facility";
    std::ofstream(command_.options.path)
        << "ID,名称,緯度,経度,電話番号\n1,甲,36.9,140.0,(0287)00-0001\n2,,36.9,140.0,\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Runs the command and gives what it printed.
  std::string run(ImportExit expected) {
    std::FILE* out = std::tmpfile();
    std::FILE* terminal = std::tmpfile();
    EXPECT_EQ(run_import_command(command_, sink_, out, terminal), expected);
    std::string text(static_cast<std::size_t>(std::ftell(out)), '\0');
    EXPECT_EQ(std::fseek(out, 0, SEEK_SET), 0);
    text.resize(std::fread(text.data(), 1, text.size(), out));
    std::fclose(out);
    std::fclose(terminal);
    return text;
  }
};

TEST_F(RunImport, PrintsASummaryAndWritesJsonLines) {
  command_.report = (folder_ / "report.jsonl").string();
  const std::string text = run(ImportExit::rows_refused);
  EXPECT_NE(text.find("2 行：新規 1、更新 0、変更なし 0、取り込まなかった行 1"), std::string::npos) << text;
  const std::string report = read_file(command_.report);
  EXPECT_NE(
      report.find(
          R"({"row":1,"line":2,"severity":"changed","code":"phone_rewritten","column":"電話番号","before":"(0287)00-0001","after":"0287-00-0001")"),
      std::string::npos)
      << report;
  EXPECT_NE(report.find(R"("row":2,"line":3,"severity":"refused","code":"row_without_value")"), std::string::npos)
      << report;
}

TEST_F(RunImport, CsvReportOpensInExcel) {
  command_.report = (folder_ / "report.csv").string();
  run(ImportExit::rows_refused);
  const std::string report = read_file(command_.report);
  EXPECT_TRUE(report.starts_with("\xEF\xBB\xBF行,ファイルの行,区分,"));
  EXPECT_NE(report.find("1,2,\"changed\",\"phone_rewritten\",\"電話番号\",\"(0287)00-0001\",\"0287-00-0001\","),
            std::string::npos)
      << report;
}

TEST_F(RunImport, SpeaksEnglishAndJson) {
  command_.language = Language::english;
  EXPECT_NE(run(ImportExit::rows_refused).find("2 rows: 1 created"), std::string::npos);
  command_.json = true;
  EXPECT_NE(run(ImportExit::rows_refused).find(R"("unchanged":1,"refused":1)"), std::string::npos);
}

TEST_F(RunImport, FailsWhenTheFileOrTheReportIsMissing) {
  command_.report = (folder_ / "no" / "report.csv").string();
  run(ImportExit::failed);
  command_.report.clear();
  command_.options.path = (folder_ / "none.csv").string();
  run(ImportExit::failed);
}

TEST(Demonstration, FillsAnEmptyCityAndChangesNothingTheSecondTime) {
  const auto catalogue = DatasetCatalogue::load().value();
  MemorySink sink;
  const auto reports = load_demonstration(broker::TenantId{1}, catalogue, sink);
  ASSERT_TRUE(reports) << reports.error().message;
  ASSERT_EQ(reports->size(), 4U);
  EXPECT_EQ((*reports)[0].created, 198U);
  EXPECT_EQ((*reports)[1].created, 169U);
  EXPECT_EQ((*reports)[2].created, 32U);
  EXPECT_EQ((*reports)[3].created, 390U);
  EXPECT_EQ(sink.entities.size(), 789U);
  const std::size_t written = sink.changes.size();
  ASSERT_TRUE(load_demonstration(broker::TenantId{1}, catalogue, sink));
  EXPECT_EQ(sink.changes.size(), written);
}

TEST(Demonstration, DataOfOtherCitiesIsMarked) {
  const auto catalogue = DatasetCatalogue::load().value();
  MemorySink sink;
  ASSERT_TRUE(load_demonstration(broker::TenantId{1}, catalogue, sink));
  for (const auto& [id, entity] : sink.entities) {
    const auto has = [&](std::string_view name) {
      return std::ranges::find(entity.attributes, name, &broker::Attribute::name) != entity.attributes.end();
    };
    EXPECT_EQ(has("demonstration"), entity.service_path != "/") << id;
    EXPECT_TRUE(has("license") && has("source") && has("dataProvider") && has("location")) << id;
  }
}

}  // namespace
}  // namespace machi::ingest

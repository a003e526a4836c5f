#include "ingest/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/japanese_text.h"
#include "ingest/header_match.h"

namespace machi::ingest {
namespace {

const DatasetCatalogue& catalogue() {
  static const DatasetCatalogue loaded = DatasetCatalogue::load().value();
  return loaded;
}

std::vector<std::string> header_of(const LayoutDefinition& layout) {
  std::vector<std::string> out;
  for (const LayoutColumn& column : layout.columns) out.push_back(column.header);
  return out;
}

TEST(DatasetCatalogue, IsFoundByNameTitleAliasAndNumber) {
  for (const char* name : {"evacuation_space", "Evacuation-Space", "指定緊急避難場所一覧", "避難場所", "03"}) {
    ASSERT_NE(catalogue().find(name), nullptr) << name;
    EXPECT_EQ(catalogue().find(name)->name, "evacuation_space");
  }
  EXPECT_EQ(catalogue().find("unknown"), nullptr);
}

TEST(DatasetCatalogue, NamesCanStandInNgsi) {
  for (const DatasetDefinition& dataset : catalogue().datasets()) {
    std::set<std::string> names;
    for (const AttributeDefinition& attribute : dataset.attributes) {
      EXPECT_TRUE(names.insert(attribute.name).second) << dataset.name << " " << attribute.name;
      EXPECT_NE(attribute.name, "id");
      EXPECT_NE(attribute.name, "type");
      EXPECT_TRUE(std::ranges::all_of(attribute.name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
      })) << attribute.name;
    }
    EXPECT_FALSE(dataset.must.empty()) << dataset.name;
    EXPECT_FALSE(dataset.natural_key.empty()) << dataset.name;
  }
}

TEST(DatasetCatalogue, HeadingMeansTheSameInAllLayoutsOfADataset) {
  for (const DatasetDefinition& dataset : catalogue().datasets()) {
    for (const LayoutDefinition& layout : dataset.layouts) {
      std::set<std::string> keys;
      for (const LayoutColumn& column : layout.columns) {
        const std::string key = spelling_key(column.header);
        EXPECT_TRUE(keys.insert(key).second) << dataset.name << " " << layout.id << " " << column.header;
        EXPECT_EQ(dataset.headings.at(key).attributes, column.target.attributes)
            << dataset.name << " " << column.header;
      }
    }
  }
}

TEST(HeaderMatch, EveryLayoutIsFoundByItsOwnHeader) {
  for (const DatasetDefinition& dataset : catalogue().datasets()) {
    for (const LayoutDefinition& layout : dataset.layouts) {
      const auto match = match_header(header_of(layout), catalogue(), nullptr);
      ASSERT_TRUE(match) << dataset.name << " " << layout.id;
      EXPECT_EQ(match->dataset->name, dataset.name) << layout.id;
      // Generations 2 and 3 of the population have one and the same header.
      EXPECT_EQ(match->layout->id, dataset.name == "population" && layout.id == "3" ? "2" : layout.id) << dataset.name;
      EXPECT_TRUE(match->findings.empty()) << dataset.name << " " << layout.id;
    }
  }
}

TEST(HeaderMatch, ToleratesWidthBlanksAndBrackets) {
  std::vector<std::string> header = header_of(catalogue().find("tourism")->layouts[1]);
  for (std::string& cell : header) {
    if (cell == "料金(基本)") cell = "料金（基本）";
    if (cell == "ID") cell = "ＩＤ";
    if (cell == "名称_カナ") cell = " 名称＿ｶﾅ　";
    if (cell == "緯度") cell = "lat";
  }
  const auto match = match_header(header, catalogue(), nullptr);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->dataset->name, "tourism");
  EXPECT_TRUE(match->findings.empty());
}

TEST(HeaderMatch, NamesWhatIsUnknownUnnamedAndRepeated) {
  std::vector<std::string> header = header_of(catalogue().find("aed")->layouts[1]);
  header.insert(header.end(), {"外部利用不可", "", "名称"});
  const auto match = match_header(header, catalogue(), nullptr);
  ASSERT_TRUE(match);
  ASSERT_EQ(match->findings.size(), 3U);
  EXPECT_EQ(match->findings[0].code, MessageCode::column_unknown);
  EXPECT_EQ(match->findings[1].code, MessageCode::column_unnamed);
  EXPECT_EQ(match->findings[2].code, MessageCode::column_repeated);
}

TEST(HeaderMatch, RefusesWhatFitsNothing) {
  EXPECT_FALSE(match_header(std::vector<std::string>{"氏名", "生年月日", "住民票コード"}, catalogue(), nullptr));
  EXPECT_FALSE(match_header(std::vector<std::string>{"備考", "URL", "電話番号", "郵便番号"}, catalogue(), nullptr));
  const auto aed = header_of(catalogue().find("aed")->layouts[1]);
  EXPECT_FALSE(match_header(aed, catalogue(), catalogue().find("garbage_separation")));
}

class OwnDefinitions : public testing::Test {
 protected:
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "machi_definitions";
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const char* name, std::string_view text) const { std::ofstream(folder_ / name) << text; }
};

TEST_F(OwnDefinitions, ComeOnTopOfThoseBuiltIn) {
  write("benches.json", R"({"name":"benches","type":"Bench","title":{"ja":"ベンチ一覧","en":"Benches"},"key":[],
    "natural_key":["name"],"must":["name"],"attributes":[{"name":"name","title":"名称","kind":"text"}],
    "layouts":[{"id":"own","title":"ベンチ","columns":{"ベンチ名":"name"}}]})");
  const auto loaded = DatasetCatalogue::load(folder_.string());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_NE(loaded->find("ベンチ一覧"), nullptr);
  EXPECT_EQ(loaded->datasets().size(), catalogue().datasets().size() + 1);
}

TEST_F(OwnDefinitions, SayWhatIsWrongWithThem) {
  write(
      "bad.json",
      R"({"name":"bad","type":"Bad","title":{"ja":"悪い"},"attributes":[{"name":"a","title":"a","kind":"colour"}],"layouts":[]})");
  const auto loaded = DatasetCatalogue::load(folder_.string());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("colour"), std::string::npos);
  EXPECT_NE(loaded.error().field.find("bad.json"), std::string::npos);
}

}  // namespace
}  // namespace machi::ingest

#include "ingest/file_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_sink.h"
#include "sample_builder.h"

namespace machi::ingest {
namespace {

using testing::ElementsAre;

const DatasetCatalogue& catalogue() {
  static const DatasetCatalogue loaded = DatasetCatalogue::load().value();
  return loaded;
}

class KeepEntries final : public ReportSink {
 public:
  std::vector<ReportEntry> entries{};
  void add(const ReportEntry& entry) override { entries.push_back(entry); }
  [[nodiscard]] const ReportEntry* find(MessageCode code) const {
    const auto it = std::ranges::find_if(entries, [&](const ReportEntry& e) { return e.finding.code == code; });
    return it == entries.end() ? nullptr : &*it;
  }
};

class FileImport : public testing::Test {
 protected:
  MemorySink sink_;
  KeepEntries report_;
  ImportOptions options_{.path = "092134_sample.csv"};

  Result<ImportReport> import(std::string_view bytes) {
    MemorySource source(bytes);
    return import_bytes(source, options_, catalogue(), sink_, &report_);
  }
  /// The only entity of the store.
  const broker::Entity& only() {
    if (sink_.entities.size() != 1) throw std::logic_error("not one entity");
    return sink_.entities.begin()->second;
  }
  static std::string value(const broker::Entity& entity, std::string_view attribute) {
    const auto it = std::ranges::find(entity.attributes, attribute, &broker::Attribute::name);
    return it == entity.attributes.end() ? "(none)" : it->type + " " + it->value;
  }
  static SampleBuilder facilities() { return {catalogue(), "public_facility", "2"}; }
  static SampleBuilder::Row hall() {
    return {{"全国地方公共団体コード", "92134"},
            {"ID", "FC-0001"},
            {"地方公共団体名", "栃木県那須塩原市"},
            {"名称", "かりん会館"},
            {"名称_カナ", "ｶﾘﾝｶｲｶﾝ"},
            {"所在地_連結表記", "栃木県那須塩原市かりん町1-2"},
            {"緯度", "139.9800"},
            {"経度", "36.9600"},
            {"電話番号", "市民課 (0287)00-0001"},
            {"利用可能曜日", "月～金"},
            {"開始時間", "0.375"},
            {"車椅子可", "○"},
            {"説明", "二階建て。\r\n「大ホール」あり,駐車場20台"},
            {"高度の値", "2 "},
            {"備考", ""}};
  }
};

TEST_F(FileImport, RowBecomesAnEntityOfTheModel) {
  const auto result = import(facilities().add(hall()).cp932());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->dataset, "public_facility");
  EXPECT_EQ(result->layout, "2");
  EXPECT_EQ(result->encoding, "CP932");
  EXPECT_EQ(result->created, 1U);
  const broker::Entity& e = only();
  EXPECT_EQ(e.id, "urn:ngsi-ld:PublicFacility:092134-public_facility-FC-0001");
  EXPECT_EQ(e.type, "PublicFacility");
  EXPECT_EQ(value(e, "localGovernmentCode"), "Text \"092134\"");
  EXPECT_EQ(value(e, "nameKana"), "Text \"カリンカイカン\"");
  EXPECT_EQ(value(e, "location"), R"(geo:json {"type":"Point","coordinates":[139.98,36.96]})");
  EXPECT_EQ(value(e, "contactPointPhoneNumber"), "Text \"0287-00-0001\"");
  EXPECT_EQ(value(e, "contactPointRemarks"), "Text \"市民課\"");
  EXPECT_EQ(value(e, "serviceDay"), "Text \"月火水木金\"");
  EXPECT_EQ(value(e, "startTime"), "Text \"09:00\"");
  EXPECT_EQ(value(e, "wheelchairAccessible"), "Text \"可\"");
  EXPECT_EQ(value(e, "description"), "Text \"二階建て。\\n「大ホール」あり,駐車場20台\"");
  EXPECT_EQ(value(e, "height"), "Number 2");
  EXPECT_EQ(value(e, "remarks"), "(none)");
  EXPECT_EQ(value(e, "latitude"), "(none)");
  EXPECT_EQ(value(e, "dataProvider"), "Text \"栃木県那須塩原市\"");
  EXPECT_EQ(value(e, "source"), "Text \"092134_sample.csv\"");
  EXPECT_EQ(value(e, "license"), "(none)");
  for (const MessageCode code :
       {MessageCode::leading_zero_restored, MessageCode::kana_widened, MessageCode::coordinates_swapped,
        MessageCode::phone_remark_split, MessageCode::weekdays_rewritten, MessageCode::time_from_fraction,
        MessageCode::choice_rewritten, MessageCode::number_cleaned}) {
    ASSERT_NE(report_.find(code), nullptr) << message_info(code).name;
    EXPECT_EQ(report_.find(code)->row, 1U);
  }
}

TEST_F(FileImport, EveryEncodingGivesTheSameEntities) {
  ASSERT_TRUE(import(facilities().add(hall()).cp932()));
  const auto expected = only().attributes;
  for (const std::string& bytes : {facilities().add(hall()).utf8(), facilities().add(hall()).utf8_with_mark(),
                                   facilities().add(hall()).separator('\t').utf16le()}) {
    sink_.entities.clear();
    ASSERT_TRUE(import(bytes));
    EXPECT_EQ(only().attributes, expected);
  }
}

TEST_F(FileImport, SameFileTwiceWritesNothing) {
  const std::string bytes = facilities().add(hall()).utf8();
  ASSERT_TRUE(import(bytes));
  const std::size_t written = sink_.changes.size();
  const auto again = import(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->unchanged, 1U);
  EXPECT_EQ(sink_.changes.size(), written);
}

TEST_F(FileImport, OnlyWhatDiffersIsWritten) {
  ASSERT_TRUE(import(facilities().add(hall()).utf8()));
  broker::Entity& stored = sink_.entities.begin()->second;
  stored.attributes.push_back({.name = "occupancy", .type = "Number", .value = "7"});
  auto row = hall();
  row["名称"] = "かりん市民会館";
  row["説明"] = "";
  const auto result = import(facilities().add(row).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->updated, 1U);
  std::vector<std::string> names;
  for (const auto& attribute : sink_.changes.back().attributes) names.push_back(attribute.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("name", "description"));
  EXPECT_EQ(value(only(), "description"), "Text null");
  EXPECT_EQ(value(only(), "occupancy"), "Number 7") << "what others have written stays";
  EXPECT_EQ(import(facilities().add(row).utf8())->unchanged, 1U) << "null is blank already";
}

TEST_F(FileImport, RowWithoutIdIsNamedByWhatItSays) {
  auto row = hall();
  row["ID"] = "";
  ASSERT_TRUE(import(facilities().add(row).utf8()));
  const std::string id = only().id;
  row["名称"] = "かりん 会館";
  row["開始時間"] = "10:00";
  ASSERT_TRUE(import(facilities().add(row).utf8()));
  EXPECT_EQ(only().id, id) << "blanks and other cells do not change the id";
}

TEST_F(FileImport, RepeatedRowsAreRefusedAndNamesakesNumbered) {
  auto row = hall();
  row["ID"] = "";
  auto namesake = row;
  namesake["開始時間"] = "10:00";
  const auto result = import(facilities().add(row).add(row).add(namesake).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->created, 2U);
  EXPECT_EQ(result->refused, 1U);
  EXPECT_EQ(report_.find(MessageCode::row_repeated)->row, 2U);
  EXPECT_EQ(report_.find(MessageCode::row_repeated)->finding.detail, "1");
}

TEST_F(FileImport, IdThatStandsTwiceIsRefused) {
  auto other = hall();
  other["名称"] = "別の会館";
  const auto result = import(facilities().add(hall()).add(other).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->refused, 1U);
  ASSERT_NE(report_.find(MessageCode::row_key_repeated), nullptr);
  EXPECT_EQ(report_.find(MessageCode::row_key_repeated)->finding.before, "FC-0001");
}

TEST_F(FileImport, RowWithoutNameIsRefusedWhole) {
  auto row = hall();
  row["名称"] = "　";
  const auto result = import(facilities().add(row).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->refused, 1U);
  EXPECT_TRUE(sink_.changes.empty());
  EXPECT_EQ(report_.find(MessageCode::row_without_value)->finding.column, "名称");
}

TEST_F(FileImport, UnreadableValueIsLeftOutOrRefusesTheRowWhenStrict) {
  auto row = hall();
  row["法人番号"] = "4.00E+12";
  ASSERT_EQ(import(facilities().add(row).utf8())->created, 1U);
  EXPECT_EQ(value(only(), "legalEntityNumber"), "(none)");
  EXPECT_NE(report_.find(MessageCode::number_broken), nullptr);
  sink_.entities.clear();
  options_.strict = true;
  EXPECT_EQ(import(facilities().add(row).utf8())->refused, 1U);
  EXPECT_TRUE(sink_.entities.empty());
}

TEST_F(FileImport, BrokenLettersRefuseTheirRowOnly) {
  auto second = hall();
  second["ID"] = "FC-0002";
  std::string bytes = facilities().add(hall()).add(second).utf8();
  bytes[bytes.rfind("かりん会館") + 1] = '\xFF';
  const auto result = import(bytes);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->created, 1U);
  EXPECT_EQ(report_.find(MessageCode::row_unreadable)->row, 2U);
  EXPECT_NE(report_.find(MessageCode::encoding_damaged), nullptr);
}

TEST_F(FileImport, RowsOfOtherWidth) {
  options_.dataset = "public_facility";
  const std::string header = "ID,名称,緯度,経度,備考\r\n";
  const auto result = import(
      header + "1,甲,36.9,140.0\r\n2,乙,36.9,140.0,,,\r\n3,丙,36.9,140.0,,余り\r\n,,,,\r\n4,丁,36.9,140.0,x\r\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->rows, 4U);
  EXPECT_EQ(result->blank_rows, 1U);
  EXPECT_EQ(result->created, 3U);
  EXPECT_EQ(report_.find(MessageCode::row_padded)->row, 1U);
  EXPECT_EQ(report_.find(MessageCode::row_wider_than_header)->row, 3U);
}

TEST_F(FileImport, RowCutByALineBreakIsRefusedWhole) {
  options_.dataset = "public_facility";
  const auto result =
      import("ID,名称,緯度,経度,備考,URL\r\n1,甲,36.9,140.0,前半\r\n後半,http://x\r\n2,乙,36.9,140.0,,\r\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->refused, 2U);
  EXPECT_EQ(result->created, 1U);
  EXPECT_EQ(report_.find(MessageCode::row_shorter_than_header)->row, 1U);
}

TEST_F(FileImport, HeaderMayHaveATitleAndALinkDataBlockAboveIt) {
  const auto result = import(
      "#LINK,,\r\n#attribution_name,かりん市,\r\n#license,https://creativecommons.org/licenses/by/4.0/,\r\n"
      "#property,name,address,location,availableDate\r\n#object_type_xsd,string,string,string,string\r\n"
      "1,かりん資源化センター,かりん市1-1,\"36.9,140.1\",月火\r\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->layout, "takamatsu-linkdata");
  EXPECT_EQ(result->rows, 1U);
  EXPECT_EQ(value(only(), "location"), R"(geo:json {"type":"Point","coordinates":[140.1,36.9]})");
  EXPECT_EQ(value(only(), "license"), "Text \"https://creativecommons.org/licenses/by/4.0/\"");
  EXPECT_EQ(value(only(), "dataProvider"), "Text \"かりん市\"");
  sink_.entities.clear();
  EXPECT_EQ(import("公共施設の一覧（令和8年）\r\n\r\n" + facilities().add(hall()).utf8())->created, 1U);
}

TEST_F(FileImport, FewCommonColumnsNameNoDatasetByThemselves) {
  const std::string text = "ID,名称,緯度,経度\n1,甲,36.9,140.0\n";
  EXPECT_NE(import(text).error().message.find("--dataset"), std::string::npos);
  options_.dataset = "公衆トイレ一覧";
  EXPECT_EQ(import(text)->created, 1U);
}

TEST_F(FileImport, FirstGenerationAndEnglishNames) {
  SampleBuilder first(catalogue(), "evacuation_space", "1");
  first.add({{"NO", "0000000101"},
             {"名称", "かりん公園"},
             {"市区町村コード", "092134"},
             {"都道府県名", "栃木県"},
             {"市区町村名", "那須塩原市"},
             {"災害種別_地震", "1"},
             {"想定収容人数", "1,200人"}});
  ASSERT_EQ(import(first.cp932())->layout, "1");
  EXPECT_EQ(value(only(), "localGovernmentName"), "Text \"栃木県那須塩原市\"");
  EXPECT_EQ(value(only(), "typeOfDisasterEarthquake"), "Boolean true");
  EXPECT_EQ(value(only(), "typeOfDisasterTsunami"), "Boolean false");
  EXPECT_EQ(value(only(), "maxCapacity"), "Number 1200");
  sink_.entities.clear();
  options_.dataset = "public_toilet";
  ASSERT_TRUE(
      import("localGovernmentCode,identifier,name,latitude,longitude,totalMaleToilet,toiletForOstomates\n"
             "092134,T1,かりん公園トイレ,36.9,140.0,2,有\n"));
  EXPECT_EQ(only().type, "PublicToilet");
  EXPECT_EQ(value(only(), "toiletForOstomates"), "Text \"あり\"");
}

TEST_F(FileImport, OwnLayoutWithSetsInOneCell) {
  SampleBuilder own(catalogue(), "evacuation_space", "wakayama");
  own.add({{"避難先名称", "かりん集会所"},
           {"避難種別", "避難所を兼ねる避難場所"},
           {"災害区分", "洪水　崖崩れ・土石流及び地滑り　落石"},
           {"緯度：北緯（世界測地系10進法）", "34.2"},
           {"経度：東経（世界測地系10進法）", "135.5"},
           {"収容人数", "40"}});
  options_.path = "sample.csv";
  ASSERT_EQ(import(own.utf8_with_mark())->layout, "wakayama");
  EXPECT_TRUE(only().id.starts_with("urn:ngsi-ld:EvacuationSpace:300004-evacuation_space-")) << only().id;
  EXPECT_EQ(value(only(), "typeOfDisasterFlood"), "Boolean true");
  EXPECT_EQ(value(only(), "typeOfDisasterLandslide"), "Boolean true");
  EXPECT_EQ(value(only(), "typeOfDisasterTsunami"), "Boolean false");
  EXPECT_EQ(value(only(), "alsoForShelter"), "Boolean true");
  EXPECT_EQ(value(only(), "dataProvider"), "Text \"和歌山県\"");
  EXPECT_EQ(report_.find(MessageCode::flag_unknown)->finding.before, "落石");
}

TEST_F(FileImport, UnknownColumnsAreKept) {
  options_.dataset = "public_facility";
  const auto result = import("ID,名称,緯度,経度,電源,\r\n1,甲,36.9,140.0,有,メモ\r\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(value(only(), "additionalItems"), R"(StructuredValue {"電源":"有","列6":"メモ"})");
}

TEST_F(FileImport, WholeAddressInTheCityColumnIsSplit) {
  auto row = hall();
  row["所在地_連結表記"] = "";
  row["所在地_市区町村"] = "栃木県那須塩原市かりん町1-2";
  ASSERT_TRUE(import(facilities().add(row).utf8()));
  EXPECT_EQ(value(only(), "city"), "Text \"那須塩原市\"");
  EXPECT_EQ(value(only(), "fullAddress"), "Text \"栃木県那須塩原市かりん町1-2\"");
}

TEST_F(FileImport, MunicipalityComesFromRowOptionOrFileName) {
  options_.dataset = "public_facility";
  const std::string text = "名称,緯度,経度,ID\n甲,36.9,140.0,1\n";
  options_.path = "facilities.csv";
  auto result = import(text);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->refused, 1U);
  EXPECT_NE(report_.find(MessageCode::row_without_municipality), nullptr);
  options_.municipality = "122033";
  ASSERT_EQ(import(text)->created, 1U);
  EXPECT_TRUE(only().id.starts_with("urn:ngsi-ld:PublicFacility:122033-")) << only().id;
  options_.municipality = "122034";
  EXPECT_EQ(import(text).error().field, "municipality");
}

TEST_F(FileImport, RowsNotForPublicationAreRefused) {
  SampleBuilder houses(catalogue(), "vacant_house", "3");
  houses.add({{"全国地方公共団体コード", "092134"},
              {"市町保有の管理ID", "A1"},
              {"所在地_連結表記", "かりん町1"},
              {"空き家バンクへの掲載", "管理者のみ閲覧"}});
  const auto result = import(houses.utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->refused, 1U);
  EXPECT_TRUE(sink_.entities.empty());
}

TEST_F(FileImport, UnitsBecomeMetadata) {
  SampleBuilder parks(catalogue(), "parking", "3");
  parks.add({{"全国地方公共団体コード", "092134"}, {"ID", "P1"}, {"名称", "駅前"}, {"車両サイズ制限_高さ", "2.1m"}});
  ASSERT_EQ(import(parks.utf8())->created, 1U);
  const auto& attributes = only().attributes;
  const auto height = std::ranges::find(attributes, "maxVehicleHeight", &broker::Attribute::name);
  ASSERT_NE(height, attributes.end());
  EXPECT_EQ(height->value, "2.1");
  ASSERT_EQ(height->metadata.size(), 1U);
  EXPECT_EQ(height->metadata[0].value, "\"MTR\"");
}

TEST_F(FileImport, DryRunCountsAndWritesNothing) {
  options_.dry_run = true;
  const auto result = import(facilities().add(hall()).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->created, 1U);
  EXPECT_TRUE(sink_.changes.empty());
}

TEST_F(FileImport, BatchesAreBoundedAndRefusalsOfTheStoreCounted) {
  SampleBuilder many = facilities();
  for (int i = 0; i < 25; ++i) {
    auto row = hall();
    row["ID"] = "F" + std::to_string(i);
    many.add(row);
  }
  options_.batch = 10;
  sink_.refuse_id = "urn:ngsi-ld:PublicFacility:092134-public_facility-F7";
  const auto result = import(many.utf8());
  ASSERT_TRUE(result);
  EXPECT_THAT(sink_.batches, ElementsAre(10U, 10U, 5U));
  EXPECT_EQ(result->created, 24U);
  EXPECT_EQ(result->refused, 1U);
  EXPECT_EQ(report_.find(MessageCode::row_not_stored)->row, 8U);
}

TEST_F(FileImport, ProgressMayStopIt) {
  SampleBuilder many = facilities();
  for (int i = 0; i < 4; ++i) {
    auto row = hall();
    row["ID"] = "F" + std::to_string(i);
    many.add(row);
  }
  options_.batch = 2;
  const std::string bytes = many.utf8();
  MemorySource source(bytes);
  const auto result =
      import_bytes(source, options_, catalogue(), sink_, nullptr, [](const ImportProgress&) { return false; });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::busy);
  EXPECT_EQ(sink_.entities.size(), 2U);
}

TEST_F(FileImport, SaysWhatDoesNotFit) {
  EXPECT_EQ(import("氏名,生年月日\n甲,1990-01-01\n").error().code, ErrorCode::bad_request);
  EXPECT_NE(import("氏名,生年月日\n甲,1990-01-01\n").error().message.find("氏名, 生年月日"), std::string::npos);
  options_.dataset = "nothing";
  EXPECT_EQ(import(facilities().utf8()).error().field, "dataset");
  EXPECT_EQ(import("").error().code, ErrorCode::bad_request);
}

TEST_F(FileImport, JsonArraysAreRecordsToo) {
  options_.extra = {{"city", "那須塩原市"}};
  const auto result = import(
      R"([{"town":"かりん町","koaza":"","lat":36.9,"lng":140.1},{"town":"かりん町","koaza":"一","lat":36.91,"lng":140.1}])");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->dataset, "towns");
  EXPECT_EQ(result->created, 2U);
  for (const auto& [id, entity] : sink_.entities) EXPECT_EQ(value(entity, "city"), "Text \"那須塩原市\"");
  EXPECT_EQ(import("[1,2]").error().code, ErrorCode::bad_request);
}

}  // namespace
}  // namespace machi::ingest

// How an import treats headers, layouts and datasets.
#include "import_fixture.h"

namespace machi::ingest {
namespace {

using LayoutImport = FileImport;

TEST_F(LayoutImport, HeaderMayHaveATitleAndALinkDataBlockAboveIt) {
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

TEST_F(LayoutImport, FewCommonColumnsNameNoDatasetByThemselves) {
  const std::string text = "ID,名称,緯度,経度\n1,甲,36.9,140.0\n";
  EXPECT_NE(import(text).error().message.find("--dataset"), std::string::npos);
  options_.dataset = "公衆トイレ一覧";
  EXPECT_EQ(import(text)->created, 1U);
}

TEST_F(LayoutImport, FirstGenerationAndEnglishNames) {
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

TEST_F(LayoutImport, OwnLayoutWithSetsInOneCell) {
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

TEST_F(LayoutImport, UnknownColumnsAreKept) {
  options_.dataset = "public_facility";
  const auto result = import("ID,名称,緯度,経度,電源,\r\n1,甲,36.9,140.0,有,メモ\r\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(value(only(), "additionalItems"), R"(StructuredValue {"電源":"有","列6":"メモ"})");
}

TEST_F(LayoutImport, WholeAddressInTheCityColumnIsSplit) {
  auto row = hall();
  row["所在地_連結表記"] = "";
  row["所在地_市区町村"] = "栃木県那須塩原市かりん町1-2";
  ASSERT_TRUE(import(facilities().add(row).utf8()));
  EXPECT_EQ(value(only(), "city"), "Text \"那須塩原市\"");
  EXPECT_EQ(value(only(), "fullAddress"), "Text \"栃木県那須塩原市かりん町1-2\"");
}

TEST_F(LayoutImport, RowsNotForPublicationAreRefused) {
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

TEST_F(LayoutImport, UnitsBecomeMetadata) {
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

TEST_F(LayoutImport, JsonArraysAreRecordsToo) {
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

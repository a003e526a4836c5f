// How an import treats rows, batches and the store.
#include "import_fixture.h"

namespace machi::ingest {
namespace {

using testing::ElementsAre;

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
  const auto result = import(facilities().add(row).add(row).add(namesake).add(namesake).utf8());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->created, 2U);
  EXPECT_EQ(result->refused, 2U);
  EXPECT_TRUE(sink_.entities.rbegin()->first.ends_with("-2"));
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
  EXPECT_EQ(report_.find(MessageCode::row_key_repeated)->finding.before,
            "urn:ngsi-ld:PublicFacility:092134-public_facility-FC-0001");
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

TEST_F(FileImport, PlaceThatIsBlankNowBecomesNull) {
  ASSERT_TRUE(import(facilities().add(hall()).utf8()));
  auto row = hall();
  row["緯度"] = row["経度"] = "";
  ASSERT_EQ(import(facilities().add(row).utf8())->updated, 1U);
  EXPECT_EQ(value(only(), "location"), "geo:json null");
  ASSERT_EQ(import(facilities().add(hall()).utf8())->updated, 1U);
  EXPECT_NE(value(only(), "location"), "geo:json null");
}

TEST_F(FileImport, StoreThatDoesNotKnowWhatBecameOfAWriteEndsTheImport) {
  sink_.refuse_id = "urn:ngsi-ld:PublicFacility:092134-public_facility-FC-0001";
  sink_.refuse_code = ErrorCode::outcome_unknown;
  const auto result = import(facilities().add(hall()).utf8());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::outcome_unknown);
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

}  // namespace
}  // namespace machi::ingest

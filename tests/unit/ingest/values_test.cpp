#include "ingest/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/codes.h"
#include "ingest/coordinates.h"

namespace machi::ingest {
namespace {

using enum MessageCode;
using testing::ElementsAre;

/// "text" or "text (repair)" or "! failure", so that a table can hold what is expected.
std::string shown(const Reading& reading) {
  if (!reading) return "! " + std::string(message_info(reading.error()).name);
  return reading->repair ? reading->text + " (" + std::string(message_info(*reading->repair).name) + ")"
                         : reading->text;
}

TEST(MunicipalCode, CheckDigit) {
  EXPECT_EQ(municipal_check_digit("13101"), '6');
  EXPECT_EQ(municipal_check_digit("09213"), '4');
  EXPECT_TRUE(is_municipal_code("092134"));
  EXPECT_FALSE(is_municipal_code("092135"));
  EXPECT_FALSE(is_municipal_code("482013"));
}

TEST(MunicipalCode, RepairsOnlyWhatHasOneReading) {
  EXPECT_EQ(shown(read_municipal_code("122033", "")), "122033");
  EXPECT_EQ(shown(read_municipal_code("92011", "")), "092011 (leading_zero_restored)");
  EXPECT_EQ(shown(read_municipal_code("13101", "")), "131016 (check_digit_added)");
  EXPECT_EQ(shown(read_municipal_code("１２２０３３", "")), "122033 (number_cleaned)");
  EXPECT_EQ(shown(read_municipal_code("1100", "")), "011002 (leading_zero_restored)");
  EXPECT_EQ(shown(read_municipal_code("122034", "")), "! municipal_code_invalid");
  EXPECT_EQ(shown(read_municipal_code("市川市", "")), "! municipal_code_invalid");
}

TEST(MunicipalCode, TwoReadingsAreDecidedByThePrefectureOrNotAtAll) {
  // 011002 (Sapporo) without its zero, or 11002 of Saitama without its check digit.
  EXPECT_EQ(shown(read_municipal_code("11002", "")), "! municipal_code_ambiguous");
  EXPECT_EQ(shown(read_municipal_code("11002", "01")), "011002 (leading_zero_restored)");
  EXPECT_EQ(shown(read_municipal_code("11002", "11")),
            std::string("11002") + municipal_check_digit("11002") + " (check_digit_added)");
  EXPECT_EQ(shown(read_municipal_code("11002", "", "011002")), "011002 (leading_zero_restored)");
  EXPECT_EQ(shown(read_municipal_code("11002", "20")), "! municipal_code_ambiguous");
}

TEST(CorporateNumber, ChecksTheFirstDigit) {
  EXPECT_EQ(shown(read_corporate_number("8000012010038")), "8000012010038");
  EXPECT_EQ(shown(read_corporate_number("7000012010038")), "! corporate_number_invalid");
  EXPECT_EQ(shown(read_corporate_number("4.00E+12")), "! number_broken");
}

TEST(TownId, LosesItsHyphen) {
  EXPECT_EQ(shown(read_town_id("0008-001")), "0008001 (town_id_rewritten)");
  EXPECT_EQ(shown(read_town_id("0008001")), "0008001");
  EXPECT_EQ(shown(read_town_id("8001")), "! town_id_invalid");
}

TEST(PostalCode, IsWrittenWithAHyphen) {
  EXPECT_EQ(shown(read_postal_code("272-8501", "12")), "272-8501");
  EXPECT_EQ(shown(read_postal_code("〒２７２８５０１", "12")), "272-8501 (postal_code_rewritten)");
  EXPECT_EQ(shown(read_postal_code("600000", "01")), "060-0000 (leading_zero_restored)");
  EXPECT_EQ(shown(read_postal_code("600000", "26")), "! postal_code_invalid");
}

TEST(Number, LosesCommasUnitsAndBlanks) {
  EXPECT_EQ(shown(read_number("12", "")), "12");
  EXPECT_EQ(shown(read_number("50,700 ", "人")), "50700 (number_cleaned)");
  EXPECT_EQ(shown(read_number("８０名", "人")), "80 (number_cleaned)");
  EXPECT_EQ(shown(read_number("80名", "台")), "! number_unreadable");
  EXPECT_EQ(shown(read_number("12.50", "m")), "12.5");
  EXPECT_EQ(shown(read_number("1,23", "")), "! number_unreadable");
  EXPECT_EQ(shown(read_number("約100", "人")), "! number_unreadable");
  EXPECT_EQ(shown(read_number("4.00E+12", "")), "! number_broken");
}

struct Case {
  const char* text;
  const char* expected;
};

class Dates : public testing::TestWithParam<Case> {};
TEST_P(Dates, AreRead) {
  EXPECT_EQ(shown(read_date(GetParam().text)), GetParam().expected) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Dates,
    testing::Values(Case{"2022-06-01", "2022-06-01"}, Case{"2026/10/10", "2026-10-10 (date_rewritten)"},
                    Case{"2026年1月2日", "2026-01-02 (date_rewritten)"},
                    Case{"20261010", "2026-10-10 (date_rewritten)"},
                    Case{"2026/1/2 0:00", "2026-01-02 (date_rewritten)"}, Case{"2026/1/2 9:30", "! date_unreadable"},
                    Case{"45016", "2023-03-31 (date_from_serial)"}, Case{"22196", "1960-10-07 (date_from_serial)"},
                    Case{"61", "1900-03-01 (date_from_serial)"}, Case{"60", "! date_unreadable"},
                    Case{"昭32. 7. 1", "1957-07-01 (date_rewritten)"},
                    Case{"令4. 10. 5", "2022-10-05 (date_rewritten)"}, Case{"1960", "1960 (partial_date)"},
                    Case{"昭和32年7月", "1957-07 (partial_date)"}, Case{"2026/2/30", "! date_unreadable"},
                    Case{"未定", "! date_unreadable"}, Case{"2026/10/10（土）", "2026-10-10 (date_rewritten)"}));

class Times : public testing::TestWithParam<Case> {};
TEST_P(Times, AreRead) {
  EXPECT_EQ(shown(read_time(GetParam().text)), GetParam().expected) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Times,
    testing::Values(Case{"09:00", "09:00"}, Case{"9:00", "09:00 (time_rewritten)"}, Case{"24:00", "24:00"},
                    Case{"0.375", "09:00 (time_from_fraction)"},
                    Case{"0.395833333333333", "09:30 (time_from_fraction)"}, Case{"0.3761", "! time_unreadable"},
                    Case{"午後5時半", "17:30 (time_rewritten)"}, Case{"9時30分", "09:30 (time_rewritten)"},
                    Case{"0900", "09:00 (time_rewritten)"}, Case{"午後13時", "! time_unreadable"},
                    Case{"9:75", "! time_unreadable"}, Case{"31:00", "! time_unreadable"},
                    Case{"24時間", "! time_unreadable"}, Case{"9:00:00", "09:00 (time_rewritten)"}));

struct PhoneCase {
  const char* text;
  const char* number;
  const char* finding;
  const char* remark;
  const char* extension;
};
class Phones : public testing::TestWithParam<PhoneCase> {};
TEST_P(Phones, AreRead) {
  const PhoneReading phone = read_phone(GetParam().text);
  EXPECT_EQ(phone.number, GetParam().number);
  EXPECT_EQ(phone.finding ? message_info(*phone.finding).name : "", GetParam().finding);
  EXPECT_EQ(phone.remark, GetParam().remark);
  EXPECT_EQ(phone.extension, GetParam().extension);
}
INSTANTIATE_TEST_SUITE_P(
    Forms, Phones,
    testing::Values(PhoneCase{"028-635-3043", "028-635-3043", "", "", ""},
                    PhoneCase{"(047)325-4758", "047-325-4758", "phone_rewritten", "", ""},
                    PhoneCase{"（０９８０）４４－３００１", "0980-44-3001", "phone_rewritten", "", ""},
                    PhoneCase{"0287(62)7109", "0287-62-7109", "phone_rewritten", "", ""},
                    PhoneCase{"0287627109", "0287627109", "", "", ""},
                    PhoneCase{"287627109", "0287627109", "leading_zero_restored", "", ""},
                    PhoneCase{"9012345678", "09012345678", "leading_zero_restored", "", ""},
                    PhoneCase{"環境課 028-635-3043", "028-635-3043", "phone_remark_split", "環境課", ""},
                    PhoneCase{"0287-62-7109 内線 123", "0287-62-7109", "phone_remark_split", "", "123"},
                    PhoneCase{"087-834-0389、087-861-4524", "087-834-0389、087-861-4524", "phone_kept", "", ""},
                    PhoneCase{"なし", "なし", "phone_kept", "", ""}, PhoneCase{"119", "119", "phone_kept", "", ""}));

TEST(Weekdays, AreWrittenTogether) {
  EXPECT_EQ(read_weekdays("月～金").text, "月火水木金");
  EXPECT_EQ(read_weekdays("月・水・金").text, "月水金");
  EXPECT_EQ(read_weekdays("月曜日、火曜日").text, "月火");
  EXPECT_EQ(read_weekdays("月-金、日").text, "月火水木金日");
  EXPECT_EQ(read_weekdays("火水木金土日").repair, std::nullopt);
  EXPECT_EQ(read_weekdays("金-月").text, "金-月");
  EXPECT_EQ(read_weekdays("第2・第4月曜").repair, std::nullopt);
}

TEST(Choice, KnowsTheManyWordsForYesAndNo) {
  const std::vector<std::string> has{"あり", "なし", "未確認"};
  const std::vector<std::string> may{"可", "不可", "未確認"};
  EXPECT_EQ(shown(read_choice("あり", has)), "あり");
  for (const char* yes : {"有", "○", "〇", "1", "有り", "可"})
    EXPECT_EQ(shown(read_choice(yes, has)), "あり (choice_rewritten)");
  for (const char* no : {"無", "×", "0", "不可"}) EXPECT_EQ(shown(read_choice(no, has)), "なし (choice_rewritten)");
  EXPECT_EQ(shown(read_choice("有", may)), "可 (choice_rewritten)");
  EXPECT_EQ(shown(read_choice("不明", may)), "未確認 (choice_rewritten)");
  EXPECT_EQ(shown(read_choice("一部あり", has)), "! choice_unlisted");
  const std::vector<std::string> kinds{"消火栓", "防火水そう"};
  EXPECT_EQ(shown(read_choice("有", kinds)), "! choice_unlisted");
  EXPECT_EQ(shown(read_choice("消火栓 ", kinds)), "消火栓");
}

TEST(Flag, OneOrAWordForIt) {
  EXPECT_EQ(read_flag("1"), true);
  EXPECT_EQ(read_flag("○"), true);
  EXPECT_EQ(read_flag("0"), false);
  EXPECT_FALSE(read_flag("屋上のみ").has_value());
}

TEST(List, SplitsAtItsSeparators) {
  EXPECT_THAT(split_list("内科；小児科／外科、 眼科", ";；／、"), ElementsAre("内科", "小児科", "外科", "眼科"));
  EXPECT_THAT(split_list("https://a/1,2;https://b/", ";；"), ElementsAre("https://a/1,2", "https://b/"));
  EXPECT_THAT(split_list("建造物\r\n歴史資料", ""), ElementsAre("建造物", "歴史資料"));
  EXPECT_THAT(split_list(" ; ", ";"), ElementsAre());
}

TEST(Position, PlainSwappedAndInParts) {
  EXPECT_EQ(read_position("35.5", "139.25").value()->to_geojson(), R"({"type":"Point","coordinates":[139.25,35.5]})");
  const auto swapped = read_position("139.25", "35.5").value();
  EXPECT_EQ(swapped->latitude, 35.5);
  EXPECT_EQ(swapped->repair, coordinates_swapped);
  const auto parts = read_position("北緯36度57分39秒", "140°02′30.6″").value();
  EXPECT_NEAR(parts->latitude, 36.960833, 1e-6);
  EXPECT_NEAR(parts->longitude, 140.041833, 1e-6);
  EXPECT_EQ(parts->repair, coordinates_from_degrees);
}

TEST(Position, SaysWhyItIsNone) {
  EXPECT_EQ(read_position("", "　").value(), std::nullopt);
  EXPECT_EQ(read_position("35.5", "").error(), coordinates_incomplete);
  EXPECT_EQ(read_position("0", "0").error(), coordinates_placeholder);
  EXPECT_EQ(read_position("999.0", "999.0").error(), coordinates_placeholder);
  EXPECT_EQ(read_position("51.5", "139.25").error(), coordinates_outside);
  EXPECT_EQ(read_position("市役所前", "139.25").error(), coordinates_unreadable);
}

TEST(Messages, TableStandsInTheOrderOfItsCodes) {
  const auto codes = all_message_codes();
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(codes[i]), i);
  EXPECT_EQ(codes.back(), file_named_twice);
}

TEST(Messages, EverySentenceCanBeMade) {
  for (const MessageCode code : all_message_codes()) {
    for (const Language language : {Language::japanese, Language::english}) {
      EXPECT_FALSE(label(code, language).empty()) << message_info(code).name;
      EXPECT_FALSE(sentence({code, "列", "前", "後", "詳細"}, language).empty()) << message_info(code).name;
    }
  }
  EXPECT_EQ(sentence({leading_zero_restored, "ID", "92011", "092011"}, Language::english),
            "Restored the lost leading zero of 'ID': 92011 → 092011");
}

}  // namespace
}  // namespace machi::ingest

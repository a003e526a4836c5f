#include "base/japanese_text.h"

#include <gtest/gtest.h>

namespace machi {
namespace {

TEST(JapaneseText, HalfWidthKanaBecomesFullWidthWithItsSoundMarks) {
  EXPECT_EQ(widen_kana("ｹﾝﾘﾂｺｸﾌﾞﾝｺｳｺｳ"), "ケンリツコクブンコウコウ");
  EXPECT_EQ(widen_kana("ﾐﾅﾐｷﾞｮｳﾄｸ･ﾎﾟﾝﾌﾟ｢ｱ｣｡"), "ミナミギョウトク・ポンプ「ア」。");
  EXPECT_EQ(widen_kana("ｳﾞｧｲｵﾘﾝ"), "ヴァイオリン");
  EXPECT_EQ(widen_kana("男女共同参画ｾﾝﾀｰ"), "男女共同参画センター");
}

TEST(JapaneseText, SoundMarkAfterFullWidthLetterJoinsIt) {
  EXPECT_EQ(widen_kana("カﾞ"), "ガ");
  EXPECT_EQ(widen_kana("漢ﾞ"), "漢゛");
}

TEST(JapaneseText, KnowsHalfWidthKana) {
  EXPECT_TRUE(has_half_width_kana("1階ﾛﾋﾞ-"));
  EXPECT_FALSE(has_half_width_kana("1階ロビー"));
}

TEST(JapaneseText, FullWidthAsciiBecomesHalfWidth) {
  EXPECT_EQ(narrow_ascii("（０４７）３２５－４７５８　内線"), "(047)325-4758 内線");
}

TEST(JapaneseText, NfcComposesButKeepsCompatibilityIdeographs) {
  EXPECT_EQ(to_nfc("カ\u3099"), "ガ");
  EXPECT_EQ(to_nfc("\uFA19社と\uFA11"), "\uFA19社と\uFA11");
}

TEST(JapaneseText, BytesThatAreNotUtf8PassThrough) {
  const std::string broken = "a\xE3\x82z";
  EXPECT_EQ(to_nfc(broken), broken);
  EXPECT_EQ(widen_kana(broken), broken);
  EXPECT_EQ(spelling_key(broken), broken);
}

TEST(JapaneseText, TrimTakesJapaneseBlanksToo) {
  EXPECT_EQ(trim_blanks("　 50,700 \t"), "50,700");
  EXPECT_EQ(trim_blanks("\uFEFF全国\u00A0"), "全国");
  EXPECT_EQ(trim_blanks("　 "), "");
}

TEST(JapaneseText, CutsBetweenCharacters) {
  EXPECT_EQ(cut_text("那須塩原", 12), "那須塩原");
  EXPECT_EQ(cut_text("那須塩原", 8), "那須");
  EXPECT_EQ(cut_text("那須塩原", 2), "");
}

TEST(JapaneseText, SpellingsOfOneHeadingShareAKey) {
  EXPECT_EQ(spelling_key("料金（基本）"), spelling_key("料金_基本"));
  EXPECT_EQ(spelling_key("連絡先備考（その他、SNSなど）"), spelling_key("連絡先備考(その他､ＳＮＳなど)"));
  EXPECT_EQ(spelling_key("名称 _ ｶﾅ"), spelling_key("名称_カナ"));
  EXPECT_NE(spelling_key("男性トイレ総数"), spelling_key("女性トイレ総数"));
}

TEST(JapaneseText, FindsGaiji) {
  EXPECT_TRUE(has_private_use_character("高\uE000橋"));
  EXPECT_FALSE(has_private_use_character("髙橋"));
}

struct WarekiCase {
  const char* text;
  const char* iso;
};

class Wareki : public testing::TestWithParam<WarekiCase> {};

TEST_P(Wareki, IsRead) {
  const auto date = parse_wareki(GetParam().text);
  ASSERT_TRUE(date) << GetParam().text;
  EXPECT_EQ(date->to_iso8601(), GetParam().iso);
}

INSTANTIATE_TEST_SUITE_P(Forms, Wareki,
                         testing::Values(WarekiCase{"昭32. 7. 1", "1957-07-01"}, WarekiCase{"令4. 10. 5", "2022-10-05"},
                                         WarekiCase{"令和元年5月1日", "2019-05-01"},
                                         WarekiCase{"S63.7.5", "1988-07-05"},
                                         WarekiCase{"Ｈ５．１．２０", "1993-01-20"},
                                         WarekiCase{"大正12年9月", "1923-09"}, WarekiCase{"明治33年", "1900"},
                                         WarekiCase{"平成 30 年 3 月 31 日", "2018-03-31"},
                                         WarekiCase{"平成32年4月1日", "2020-04-01"}));

TEST(WarekiRefused, WhatIsNoDate) {
  for (const char* text : {"", "昭和", "昭和32年13月1日", "昭和32年2月30日", "令和0年", "明治4年1月1日", "さくら32",
                           "S32.7.1.5", "H1234"}) {
    EXPECT_FALSE(parse_wareki(text)) << text;
  }
}

TEST(WarekiFirstYear, IsWrittenGannen) {
  EXPECT_EQ(parse_wareki("昭和元")->to_iso8601(), "1926");
}

}  // namespace
}  // namespace machi

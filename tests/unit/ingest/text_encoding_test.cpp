#include "ingest/text_encoding.h"

#include <gtest/gtest.h>

namespace machi::ingest {
namespace {

DetectedEncoding detect(std::string_view bytes) {
  MemorySource source(bytes);
  return detect_encoding(source).value();
}

std::string decode(TextEncoding encoding, std::string_view bytes, std::size_t piece = 65536) {
  MemorySource source(bytes);
  TextSource text(source, encoding, piece);
  std::string out;
  while (text.read(out).value()) {
  }
  return out;
}

// 「髙①ｶﾞ～」: letters that "SHIFT_JIS" of iconv does not know, and the wave that is read as U+FF5E.
constexpr std::string_view kCp932 = "\xFB\xFC\x87\x40\xB6\xDE\x81\x60,a\r\n";

TEST(TextEncoding, Utf8WithAndWithoutMark) {
  EXPECT_EQ(detect("名称,緯度\n").encoding, TextEncoding::utf8);
  EXPECT_FALSE(detect("名称,緯度\n").byte_order_mark);
  EXPECT_TRUE(detect("\xEF\xBB\xBF名称\n").byte_order_mark);
  EXPECT_EQ(decode(TextEncoding::utf8, "\xEF\xBB\xBF名称\n"), "名称\n");
}

TEST(TextEncoding, Cp932IsFoundAndReadWithMicrosoftsLetters) {
  EXPECT_EQ(detect(kCp932).encoding, TextEncoding::cp932);
  EXPECT_EQ(decode(TextEncoding::cp932, kCp932), "髙①ｶﾞ～,a\r\n");
}

TEST(TextEncoding, Utf16InBothByteOrders) {
  using namespace std::string_view_literals;
  constexpr auto little = "\xFF\xFE\x0D\x54\x09\x00\x31\x00\x0A\x00"sv;
  EXPECT_EQ(detect(little).encoding, TextEncoding::utf16_le);
  EXPECT_EQ(decode(TextEncoding::utf16_le, little), "名\t1\n");
  constexpr auto big_without_mark = "\x54\x0D\x00\x09\x00\x31\x00\x0A"sv;
  EXPECT_EQ(detect(big_without_mark).encoding, TextEncoding::utf16_be);
  EXPECT_EQ(decode(TextEncoding::utf16_be, big_without_mark), "名\t1\n");
  EXPECT_EQ(decode(TextEncoding::utf16_le, "\x42\xD8\xB7\xDF"sv), "𠮷");
}

TEST(TextEncoding, AsciiPrefixDoesNotHideCp932) {
  std::string bytes(200'000, 'a');
  bytes += kCp932;
  EXPECT_EQ(detect(bytes).encoding, TextEncoding::cp932);
}

TEST(TextEncoding, CharactersCutBetweenPiecesAreWhole) {
  for (std::size_t piece = 1; piece < 6; ++piece) {
    EXPECT_EQ(decode(TextEncoding::cp932, kCp932, piece), "髙①ｶﾞ～,a\r\n");
    EXPECT_EQ(decode(TextEncoding::utf8, "髙①𠮷", piece), "髙①𠮷");
  }
}

TEST(TextEncoding, BrokenLetterNeverSwallowsTheSeparator) {
  EXPECT_EQ(decode(TextEncoding::utf8, "\xE3\x81,x"), "\xEF\xBF\xBD\xEF\xBF\xBD,x");
  EXPECT_EQ(decode(TextEncoding::cp932, "\x87,x"), "\xEF\xBF\xBD,x");
  EXPECT_EQ(decode(TextEncoding::cp932, "x\x87"), "x\xEF\xBF\xBD");
}

TEST(TextEncoding, FewerUnreadBytesDecide) {
  const std::string mostly_utf8 = "名称,緯度,経度\n市役所\xFF,35,139\n";
  const auto found = detect(mostly_utf8);
  EXPECT_EQ(found.encoding, TextEncoding::utf8);
  EXPECT_EQ(found.unreadable_bytes, 1U);
}

TEST(ByteSource, OnlyRegularFilesAreOpened) {
  EXPECT_EQ(FileSource::open("/nonexistent/x.csv").error().code, ErrorCode::not_found);
  EXPECT_EQ(FileSource::open("/tmp").error().code, ErrorCode::bad_request);
}

}  // namespace
}  // namespace machi::ingest

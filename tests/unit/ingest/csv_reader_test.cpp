#include "ingest/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace machi::ingest {
namespace {

using testing::ElementsAre;

std::vector<Record> read_all(std::string_view text, std::size_t piece = 65536, CsvLimits limits = {},
                             char separator = 0) {
  MemorySource bytes(text);
  TextSource source(bytes, TextEncoding::utf8, piece);
  CsvReader reader(source, separator, limits);
  std::vector<Record> records;
  Record record;
  while (reader.next(record).value()) records.push_back(record);
  return records;
}

TEST(CsvReader, QuotedFieldsKeepSeparatorsQuotesAndLineBreaks) {
  const auto records = read_all("a,\"b,\"\"c\"\"\r\nd\",e\r\nf,g,h\r\n");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_THAT(records[0].fields, ElementsAre("a", "b,\"c\"\r\nd", "e"));
  EXPECT_THAT(records[1].fields, ElementsAre("f", "g", "h"));
  EXPECT_EQ(records[1].line, 3U);
}

TEST(CsvReader, EveryLineBreakEndsARecordAndTheLastNeedsNone) {
  const auto records = read_all("a,b\nc,d\re,f\r\ng,h");
  ASSERT_EQ(records.size(), 4U);
  EXPECT_THAT(records[2].fields, ElementsAre("e", "f"));
  EXPECT_EQ(records[3].line, 4U);
}

TEST(CsvReader, FindsTheSeparator) {
  EXPECT_EQ(detect_separator("a\tb,c\td\n"), '\t');
  EXPECT_EQ(detect_separator("a;b;c\n1,2,3,4\n"), ';');
  EXPECT_EQ(detect_separator("名称\n"), ',');
  EXPECT_EQ(detect_separator("\"a\tb\tc\",d\n"), ',');
}

TEST(CsvReader, QuoteWithinUnquotedFieldIsText) {
  EXPECT_THAT(read_all("5\" pipe,x\n")[0].fields, ElementsAre("5\" pipe", "x"));
  EXPECT_THAT(read_all("\"a\"b,c\n")[0].fields, ElementsAre("ab", "c"));
}

TEST(CsvReader, EmptyFieldsStay) {
  EXPECT_THAT(read_all("a,,\"\",\n")[0].fields, ElementsAre("a", "", "", ""));
}

TEST(CsvReader, UnterminatedQuoteCostsOneLineOnly) {
  const auto records = read_all("a,b\n1,\"x\n2,y\n3,z\n");
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[1].fault, RecordFault::unterminated_quote);
  EXPECT_EQ(records[1].line, 2U);
  EXPECT_THAT(records[2].fields, ElementsAre("2", "y"));
  EXPECT_EQ(records[2].line, 3U);
}

TEST(CsvReader, RecordBeyondTheLimitIsNamedAndReadingGoesOn) {
  const std::string text = "a,b\n1," + std::string(500, 'x') + "\n2,y\n";
  const auto records = read_all(text, 64, {.record_bytes = 100, .fields = 10}, ',');
  ASSERT_GE(records.size(), 3U);
  EXPECT_EQ(records[1].fault, RecordFault::too_long);
  EXPECT_THAT(records.back().fields, ElementsAre("2", "y"));
}

TEST(CsvReader, TooManyFieldsAreRefused) {
  const auto records = read_all("a,b\n1,2,3,4\n5,6\n", 64, {.record_bytes = 100, .fields = 3}, ',');
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].fault, RecordFault::too_many_fields);
  EXPECT_THAT(records[2].fields, ElementsAre("5", "6"));
}

TEST(CsvReader, SizeOfThePiecesChangesNothing) {
  const std::string text = "名称,\"所在\r\n地\",緯度\r\n\"市\"\"役\"\"所\",\"a,b\",35.1\r\n,,\r\n\"\",x,\"y\"\r\n";
  const auto whole = read_all(text);
  for (std::size_t piece = 1; piece < 12; ++piece) {
    const auto cut = read_all(text, piece);
    ASSERT_EQ(cut.size(), whole.size()) << piece;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(cut[i].fields, whole[i].fields) << piece;
      EXPECT_EQ(cut[i].line, whole[i].line) << piece;
    }
  }
}

TEST(Record, KnowsBlankAndUnreadable) {
  EXPECT_TRUE((Record{{"", "　", " "}, 1}).is_blank());
  EXPECT_FALSE((Record{{"", "x"}, 1}).is_blank());
  EXPECT_TRUE((Record{{"a\xEF\xBF\xBD"}, 1}).has_unreadable_text());
}

}  // namespace
}  // namespace machi::ingest

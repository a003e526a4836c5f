#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "loadgen/histogram.h"
#include "loadgen/request_template.h"
#include "loadgen/response_reader.h"

namespace bench {
namespace {

TEST(Histogram, QuantilesLieWithinOnePercent) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(i);
  for (const double share : {0.5, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(static_cast<double>(histogram.quantile(share)), share * 100'000, share * 1'000);
  }
  EXPECT_EQ(histogram.quantile(1), 100'000);
}

TEST(Histogram, SumOfTwoIsThatOfAllRecords) {
  Histogram low;
  Histogram high;
  for (int i = 0; i < 90; ++i) low.record(10);
  for (int i = 0; i < 10; ++i) high.record(1000);
  low.add(high);
  EXPECT_EQ(low.count(), 100U);
  EXPECT_EQ(low.quantile(0.9), 10);
  EXPECT_GT(low.quantile(0.91), 990);
}

TEST(MessageReader, TellsPipelinedAnswersApart) {
  MessageReader reader;
  reader.append("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
  ASSERT_EQ(reader.read(), MessageReader::State::complete);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.body(), "abc");
  reader.drop();
  ASSERT_EQ(reader.read(), MessageReader::State::complete);
  EXPECT_EQ(reader.status(), 503);
  reader.drop();
  EXPECT_EQ(reader.read(), MessageReader::State::incomplete);
}

TEST(MessageReader, ReadsAChunkedAnswerByteByByte) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
  MessageReader reader;
  for (std::size_t i = 0; i + 1 < answer.size(); ++i) {
    reader.append(answer.substr(i, 1));
    ASSERT_EQ(reader.read(), MessageReader::State::incomplete) << i;
  }
  reader.append(answer.substr(answer.size() - 1));
  EXPECT_EQ(reader.read(), MessageReader::State::complete);
}

TEST(MessageReader, AnswerWithoutBodyEndsWithItsHead) {
  MessageReader reader;
  reader.append("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(reader.read(), MessageReader::State::complete);
  EXPECT_TRUE(reader.closes());
}

TEST(RequestTemplate, FillsIdsAndCountsTheBody) {
  const auto file = std::filesystem::temp_directory_path() / ("request-" + std::to_string(getpid()));
  std::ofstream(file) << "PATCH /v2/entities/e{id}/attrs\nContent-Type: application/json\n\n{\"t\":{\"value\":{id}}}\n";
  std::mt19937_64 random(1);
  std::string out;
  RequestTemplate::from_file(file, "host:1").write(out, {7, 7}, random);
  std::filesystem::remove(file);
  EXPECT_EQ(out,
            "PATCH /v2/entities/e7/attrs HTTP/1.1\r\nHost: host:1\r\nContent-Type: application/json\r\n"
            "Content-Length: 17\r\n\r\n{\"t\":{\"value\":7}}");
}

}  // namespace
}  // namespace bench

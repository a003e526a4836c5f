#include "net/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace machi::net {
namespace {

TEST(Http, NamesOfMethodsReadBack) {
  for (const auto* name : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(name_of(method_of(name)), name);
  }
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("BADVERB"), Method::other);
}

TEST(Http, HeaderNamesCompareWithoutCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.get("content-TYPE"), "text/plain");
  EXPECT_EQ(headers.get("X-a"), "1");
  EXPECT_FALSE(headers.has("X-B"));
  headers.set("x-A", "3");
  EXPECT_EQ(headers.get("X-A"), "3");
  EXPECT_EQ(headers.fields().size(), 2u);
  headers.add_first("First", "0");
  EXPECT_EQ(headers.fields().front().first, "First");
}

TEST(Http, ReasonPhrasesAreThoseOfRfc9110) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(422), "Unprocessable Content");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(299), "");
}

TEST(Http, PercentCodingReadsBackEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(percent_decode("a+b%2Fc"), "a+b/c");
  for (const auto* broken : {"%", "%1", "a%zz", "%-1"}) EXPECT_FALSE(percent_decode(broken)) << broken;
}

TEST(Http, QueryParametersAreDecodedInOrder) {
  Request request;
  request.query = "a=1&flag&empty=&q=x%3D%22%E7%94%BA%22;y==2&&t=1+1";
  const auto parameters = request.query_parameters();
  ASSERT_TRUE(parameters);
  ASSERT_EQ(parameters->size(), 5u);
  EXPECT_EQ((*parameters)[0].value, "1");
  EXPECT_FALSE((*parameters)[1].has_value);
  EXPECT_TRUE((*parameters)[2].has_value);
  EXPECT_EQ((*parameters)[3].value, "x=\"町\";y==2");
  EXPECT_EQ((*parameters)[4].value, "1+1");
}

TEST(Http, QueryParametersRefuseWhatCannotBeText) {
  for (const auto* query : {"a=%0", "a=%00", "a=%7f", "%0a=1", "a=%ff", "a=%E7%94"}) {
    Request request;
    request.query = query;
    const auto parameters = request.query_parameters();
    ASSERT_FALSE(parameters) << query;
    EXPECT_EQ(parameters.error().code, ErrorCode::bad_request);
  }
}

}  // namespace
}  // namespace machi::net

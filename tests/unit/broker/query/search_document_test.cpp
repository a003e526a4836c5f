#include "broker/query/search_document.h"

#include <gtest/gtest.h>

#include "broker/query/build.h"

namespace machi::broker::query {
namespace {

TEST(SearchDocument, HasOneKeyAKind) {
  Attribute with_metadata = attribute("temperature", "23.5", "Number");
  with_metadata.metadata = {{"accuracy", "Number", "1"}, {"since", "DateTime", R"("2016-02-24T10:00:00Z")"}};
  EXPECT_EQ(
      search_document({with_metadata, attribute("name", R"("栗原")", "Text"),
                       attribute("since", R"("2016-02-24T10:00:00Z")", "DateTime"),
                       attribute("when", R"("soon")", "DateTime"), attribute("open", "true"), attribute("note", "null"),
                       attribute("tags", R"(["x",1])"), attribute("address", R"({"city":"a"})")}),
      R"({"temperature":{"n":23.5,"m":{"accuracy":{"n":1},"since":{"d":1456308000000000}}},"name":{"s":"栗原"},"since":{"d":1456308000000000},"when":{"s":"soon"},"open":{"b":true},"note":{"z":null},"tags":{"a":["x",1]},"address":{"o":{"city":"a"}}})");
}

TEST(SearchDocument, ShowsTheDefaultInstance) {
  Attribute second = attribute("a", "2");
  second.dataset = "urn:d:2";
  EXPECT_EQ(search_document({second, attribute("a", "1")}), R"({"a":{"n":1}})");
  Attribute third = attribute("a", "3");
  third.dataset = "urn:d:3";
  EXPECT_EQ(search_document({second, third}), R"({"a":{"n":2}})");
  EXPECT_EQ(search_document({}), "{}");
}

}  // namespace
}  // namespace machi::broker::query

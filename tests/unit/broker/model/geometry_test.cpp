#include "broker/model/geometry.h"

#include <gtest/gtest.h>

#include "broker/model/datetime.h"

namespace machi::broker {
namespace {

std::string geometry(std::string type, std::string value) {
  const auto result = geometry_of({.name = "a", .type = std::move(type), .value = std::move(value)});
  if (!result) return "error: " + result.error().message;
  return result->value_or("none");
}

TEST(Geometry, OlderTypesPutLatitudeFirst) {
  EXPECT_EQ(geometry("geo:point", "\"35.5, 139\""), R"({"type":"Point","coordinates":[139,35.5]})");
  EXPECT_EQ(geometry("geo:line", R"(["0, 0","0, 5"])"), R"({"type":"LineString","coordinates":[[0,0],[5,0]]})");
  EXPECT_EQ(geometry("geo:box", R"(["2, 2","-1, 1"])"),
            R"({"type":"Polygon","coordinates":[[[1,-1],[2,-1],[2,2],[1,2],[1,-1]]]})");
  EXPECT_EQ(geometry("geo:polygon", R"(["0,0","0,1","1,1","0,0"])"),
            R"({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]})");
}

TEST(Geometry, OlderTypesNameWhatIsWrong) {
  EXPECT_EQ(geometry("geo:point", "\"91, 0\""), "error: geo coordinates format error [see Orion user manual]: 91, 0");
  EXPECT_EQ(geometry("geo:point", "[1,2]"), "error: geo coordinates format error [see Orion user manual]: ");
  EXPECT_EQ(geometry("geo:line", "\"0, 0\""),
            "error: geo:line, geo:box and geo:polygon needs array of strings as value");
  EXPECT_EQ(geometry("geo:line", "[1]"),
            "error: geo:line, geo:box and geo:polygon needs array of strings but some element is not a string");
  EXPECT_EQ(geometry("geo:line", R"(["0, 0"])"), "error: geo:line uses at least 2 coordinates");
  EXPECT_EQ(geometry("geo:box", R"(["0, 0","0, 0","1, 1"])"), "error: geo:box uses exactly 2 coordinates");
  EXPECT_EQ(geometry("geo:box", R"(["0, 0","0, 1"])"), "error: geo:box coordinates are not defining an actual box");
  EXPECT_EQ(geometry("geo:polygon", R"(["0,0","0,1","0,0"])"), "error: geo:polygon uses at least 4 coordinates");
  EXPECT_EQ(geometry("geo:polygon", R"(["0,0","0,1","1,1","1,0"])"),
            "error: geo:polygon first and last coordinates must match");
}

TEST(Geometry, GeoJsonIsTakenWholeOrFromItsFeature) {
  const std::string point = R"({"type":"Point","coordinates":[2,1,300]})";
  EXPECT_EQ(geometry("geo:json", point), point);
  EXPECT_EQ(geometry("geo:json", R"({"coordinates":[2,1],"type":"Point","crs":null})"),
            R"({"type":"Point","coordinates":[2,1]})");
  EXPECT_EQ(geometry("geo:json", R"({"type":"Feature","properties":{},"geometry":)" + point + "}"), point);
  EXPECT_EQ(geometry("geo:json", R"({"type":"FeatureCollection","features":[{"geometry":)" + point + "}]}"), point);
  EXPECT_EQ(geometry("geo:json", "null"), "none");
  EXPECT_EQ(geometry("Text", "\"1, 2\""), "none");
}

TEST(Geometry, GeoJsonNamesWhatIsWrong) {
  for (const char* value :
       {R"({"type":"PointKK3","coordinates":[2,1]})", R"({"type":"Point","coordinates":[[2,1]]})",
        R"({"coordinates":[2,1]})", R"({"type":"Point","coordinates":[200,1]})",
        R"({"type":"LineString","coordinates":[[2,1]]})", R"({"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0]]]})",
        R"({"type":"GeometryCollection","geometries":[]})", R"({"type":"MultiPoint","coordinates":[]})"}) {
    EXPECT_EQ(geometry("geo:json", value), "error: Wrong GeoJson") << value;
  }
  EXPECT_EQ(geometry("geo:json", R"({"type":"Feature"})"), "error: geometry in Feature not found");
  EXPECT_EQ(geometry("geo:json", R"({"type":"Feature","geometry":[]})"), "error: geometry in Feature is not an object");
  EXPECT_EQ(geometry("geo:json", R"({"type":"FeatureCollection"})"),
            "error: features field not found in FeatureCollection");
  EXPECT_EQ(geometry("geo:json", R"({"type":"FeatureCollection","features":1})"),
            "error: features in FeatureCollection is not an array");
  EXPECT_EQ(geometry("geo:json", R"({"type":"FeatureCollection","features":[]})"),
            "error: features in FeatureCollection has 0 items");
  EXPECT_EQ(geometry("geo:json", R"({"type":"FeatureCollection","features":[{},{}]})"),
            "error: features in FeatureCollection has more than 1 item");
}

TEST(Geometry, FacesShowTheGeometryOfAFeature) {
  EXPECT_EQ(shown_geo_json(R"({"type":"Point","coordinates":[2,1]})"), R"({"type":"Point","coordinates":[2,1]})");
  EXPECT_EQ(shown_geo_json(R"({"geometry":{"a":"}"},"type":"Feature"})"), R"({"a":"}"})");
  EXPECT_EQ(shown_geo_json(R"({"type":"FeatureCollection","features":[{"id":1,"geometry":{"b":2}}]})"), R"({"b":2})");
  EXPECT_EQ(shown_geo_json("null"), "null");
}

TEST(DateTime, TakesWhatNgsiv2TakesAndNoMore) {
  EXPECT_TRUE(parse_datetime("2026-11-23"));
  EXPECT_TRUE(parse_datetime("2026-11-23T0506+09"));
  for (const char* text :
       {"20261123", "2026-11-23Z", "2026-11-23 05:06", "2026-W01", "2026-11-23T05:06:07.089123456+09:00", ""}) {
    EXPECT_FALSE(parse_datetime(text)) << text;
  }
}

TEST(DateTime, CanonicalFormKeepsMicrosecondsOnlyWhenThereAreAny) {
  EXPECT_EQ(canonical_datetime({1'000}), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(canonical_datetime({1'001}), "1970-01-01T00:00:00.001001Z");
  EXPECT_EQ(datetime_of("\"1970-01-01T00:00:00.001001Z\""), Timestamp{1'001});
  EXPECT_FALSE(datetime_of("null"));
}

}  // namespace
}  // namespace machi::broker

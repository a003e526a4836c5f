#include <gtest/gtest.h>

#include "broker/query/build.h"
#include "broker/query/geo_parser.h"
#include "broker/query/geodesic.h"
#include "broker/query/matcher.h"

namespace machi::broker::query {
namespace {

std::string refusal(std::string_view georel, std::string_view geometry, std::string_view coords) {
  const auto condition = parse_geo_uri({.georel = georel, .geometry = geometry, .coords = coords});
  return condition ? "accepted" : condition.error().message;
}

TEST(GeoParser, RefusesWithOrionsSentences) {
  EXPECT_EQ(refusal("", "polygon", ""), "Invalid query: URI param /geometry/ used without /coords/");
  EXPECT_EQ(refusal("", "", "1,2;3,4"), "Invalid query: URI param /coords/ used without /geometry/");
  EXPECT_EQ(refusal("intersects", "", ""), "Invalid query: URI param /georel/ used without /geometry/");
  EXPECT_EQ(refusal("", "triangle", "1,2"),
            "Invalid query: error parsing geometry: Invalid selector in geometry specification");
  for (const auto geometry : {"box", "line", "polygon"}) {
    EXPECT_EQ(refusal("near;maxDistance:12", geometry, "1,2;3,4"),
              "Invalid query: georel /near/ used with geometry different than point");
  }
  EXPECT_EQ(refusal("near", "point", "1,2"), "Invalid query: georel /near/ without either minDistance nor maxDistance");
  EXPECT_EQ(refusal("near;maxDistance=1000", "point", "1,2"), "Invalid query: Invalid modifier in georel parameter");
  EXPECT_EQ(refusal("near;maxDistance:x", "point", "1,2"), "Invalid query: invalid number for maxDistance");
  EXPECT_EQ(refusal("", "point", "1,2,3"), "Invalid query: invalid point in URI param /coords/");
  EXPECT_EQ(refusal("", "point", "1;3,4"), "Invalid query: invalid point in URI param /coords/");
  EXPECT_EQ(refusal("", "point", "1,2;3,4"), "Invalid query: invalid number of coordinates for /point/");
  EXPECT_EQ(refusal("", "line", "1,2;3,4;5.6"), "Invalid query: invalid point in URI param /coords/");
  EXPECT_EQ(refusal("", "line", "1,2"), "Invalid query: invalid number of coordinates for /line/");
  EXPECT_EQ(refusal("", "box", "1,2"), "Invalid query: invalid number of coordinates for /box/");
  EXPECT_EQ(refusal("", "polygon", "1,2;3,4"), "Invalid query: Too few coordinates for polygon");
  EXPECT_EQ(refusal("intersects", "polygon", "1,2;3,4;5,6;7,8"),
            "Invalid query: First and last point in polygon not the same");
  EXPECT_EQ(refusal("coveredBy", "box", "1,2;1,8"), "Invalid query: box coordinates are not defining an actual box");
  EXPECT_EQ(refusal("coveredBy", "line", "1,2;1,8"),
            "Invalid query: line geometry cannot be used with coveredBy georel");
  EXPECT_EQ(refusal("equals", "point", "B,5"), "Invalid query: invalid coordinates");
  EXPECT_EQ(refusal("equals", "point", "91,5"), "Invalid query: invalid coordinates");
  EXPECT_EQ(refusal("intersects", "polygon", "0,0;4,4;4,0;0,4;0,0"),
            "Invalid query: the reference geometry crosses itself");
}

TEST(GeoParser, AnExpressionNeedsAllThreeOrNone) {
  const auto partial = parse_geo_expression({.georel = "near;maxDistance:1"});
  ASSERT_FALSE(partial);
  EXPECT_EQ(partial.error().message,
            "partial geo expression: geometry, georel and coords have to be provided together");
  const auto wrong = parse_geo_expression({.georel = "near;maxDistance:1", .geometry = "point", .coords = "1"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "error parsing geo-query fields: invalid point in URI param /coords/");
  EXPECT_FALSE(*parse_geo_expression({}));
}

TEST(GeoParser, CoordsAreLatitudeFirst) {
  const auto condition = *parse_geo({.georel = "near;maxDistance:1000", .geometry = "point", .coords = "40.4,-3.5"});
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->center, (Position{.longitude = -3.5, .latitude = 40.4}));
  EXPECT_EQ(condition->geometry, R"({"type":"Point","coordinates":[-3.5,40.4]})");
}

TEST(GeoParser, ABoxMayBeGivenByAnyTwoCorners) {
  const auto a = *parse_geo({.georel = "coveredBy", .geometry = "box", .coords = "1,2;3,4"});
  const auto b = *parse_geo({.georel = "coveredBy", .geometry = "box", .coords = "3,2;1,4"});
  EXPECT_EQ(a->geometry, b->geometry);
}

// Values of Karney's GeographicLib.
TEST(Geodesic, AgreesWithPublishedLengths) {
  const auto length = [](double lat1, double lon1, double lat2, double lon2) {
    return geodesic_distance({lon1, lat1}, {lon2, lat2});
  };
  EXPECT_NEAR(length(-41.32, 174.81, 40.96, -5.50), 19959679.267, 20);  // Wellington to Salamanca: nearly antipodal
  EXPECT_NEAR(length(40.6, -73.8, 51.6, -0.5), 5551759.400, 5);         // JFK to LHR
  EXPECT_NEAR(length(0, 0, 0.5, 179.5), 19936288.579, 20);              // Vincenty does not converge here
  EXPECT_NEAR(length(0, 0, 0.5, 179.7), 19944127.421, 20);
  EXPECT_NEAR(length(90, 0, -90, 0), 20003931.459, 20);
  EXPECT_NEAR(length(0, 0, 0, 1), 111319.4908, 0.1);
  EXPECT_EQ(length(36.9, 139.9, 36.9, 139.9), 0);
}

TEST(Geodesic, IsZeroInsideAPolygonButNotInItsHole) {
  const auto shape = parse_shape(
      R"({"type":"Polygon","coordinates":[[[139,36],[141,36],[141,38],[139,38],[139,36]],[[139.9,36.9],[140.1,36.9],[140.1,37.1],[139.9,37.1],[139.9,36.9]]]})");
  ASSERT_TRUE(shape);
  EXPECT_EQ(distance_to({139.5, 36.5}, *shape), 0);
  EXPECT_GT(distance_to({140, 37}, *shape), 8000);
  EXPECT_NEAR(distance_to({142, 37}, *shape), 88950, 100);
  EXPECT_GT(distance_to({-40, -37}, *shape), 1e7);  // the opposite side of the Earth is not inside
}

Entity at(std::string_view geometry) {
  return entity({attribute("location", std::string(geometry), "geo:json")});
}

bool matches(GeoParameters parameters, const Entity& e) {
  auto geo = parse_geo(parameters);
  EXPECT_TRUE(geo);
  Query query{.geo = geo.value_or(std::nullopt)};
  const auto matcher = Matcher::create(std::move(query));
  EXPECT_TRUE(matcher);
  return matcher && matcher->matches(e);
}

TEST(GeoMatcher, NearHasBothLimits) {
  const Entity e = at(R"({"type":"Point","coordinates":[-3.691944,40.418889]})");
  const auto near = [&](std::string_view georel) {
    return matches({.georel = georel, .geometry = "point", .coords = "40.533333,-3.533333"}, e);
  };
  EXPECT_TRUE(near("near;maxDistance:20000"));
  EXPECT_FALSE(near("near;maxDistance:18000"));
  EXPECT_TRUE(near("near;minDistance:18000"));
  EXPECT_FALSE(near("near;minDistance:20000"));
  EXPECT_TRUE(near("near;minDistance:18000;maxDistance:20000"));
  EXPECT_TRUE(near("near;minDistance:0"));
}

TEST(GeoMatcher, RelationsIncludeTheBorder) {
  const GeoParameters box{.georel = "coveredBy", .geometry = "box", .coords = "0,0;4,4"};
  EXPECT_TRUE(matches(box, at(R"({"type":"Point","coordinates":[4,2]})")));
  EXPECT_TRUE(matches(box, at(R"({"type":"LineString","coordinates":[[0,0],[4,4]]})")));
  EXPECT_FALSE(matches(box, at(R"({"type":"LineString","coordinates":[[0,0],[5,4]]})")));
  const GeoParameters touching{.georel = "intersects", .geometry = "box", .coords = "0,0;4,4"};
  EXPECT_TRUE(matches(touching, at(R"({"type":"LineString","coordinates":[[4,4],[5,5]]})")));
  const GeoParameters apart{.georel = "disjoint", .geometry = "box", .coords = "0,0;4,4"};
  EXPECT_FALSE(matches(apart, at(R"({"type":"LineString","coordinates":[[4,4],[5,5]]})")));
  EXPECT_TRUE(matches(apart, at(R"({"type":"Point","coordinates":[5,5]})")));
  const GeoParameters same{.georel = "equals", .geometry = "polygon", .coords = "0,0;0,4;4,4;4,0;0,0"};
  EXPECT_TRUE(matches(same, at(R"({"type":"Polygon","coordinates":[[[4,4],[0,4],[0,0],[4,0],[4,4]]]})")));
}

TEST(GeoMatcher, WithoutAPlaceNothingMatches) {
  const Entity nowhere = entity({attribute("location", "null", "geo:json")});
  Attribute ignored = attribute("area", R"({"type":"Point","coordinates":[1,1]})", "geo:json");
  ignored.metadata = {{"ignoreType", "Boolean", "true"}};
  for (const auto georel : {"intersects", "disjoint", "equals", "near;minDistance:0"}) {
    EXPECT_FALSE(matches({.georel = georel, .geometry = "point", .coords = "1,1"}, nowhere)) << georel;
    EXPECT_FALSE(matches({.georel = georel, .geometry = "point", .coords = "1,1"}, entity({ignored}))) << georel;
  }
}

}  // namespace
}  // namespace machi::broker::query

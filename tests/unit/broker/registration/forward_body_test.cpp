#include "broker/registration/forward_body.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

QueryForward query() {
  QueryForward out;
  out.entity = {.id = "E1", .type = "T1"};
  out.attributes = {"A1"};
  return out;
}

TEST(ForwardBody, QueryOfOneEntity) {
  EXPECT_EQ(query_body(query()), R"({"entities":[{"id":"E1","type":"T1"}],"attrs":["A1"]})");
}

TEST(ForwardBody, QueryByPatternForAllAttributes) {
  QueryForward forward;
  forward.entity = {.id_pattern = ".*", .type_pattern = "^T"};
  EXPECT_EQ(query_body(forward), R"({"entities":[{"idPattern":".*","typePattern":"^T"}],"attrs":[]})");
}

TEST(ForwardBody, LegacyQuery) {
  EXPECT_EQ(legacy_query_body(query()),
            R"({"entities":[{"id":"E1","isPattern":"false","type":"T1"}],"attributes":["A1"]})");
  QueryForward forward;
  forward.entity = {.id_pattern = ".*"};
  EXPECT_EQ(legacy_query_body(forward), R"({"entities":[{"id":".*","isPattern":"true","type":""}],"attributes":[]})");
}

UpdateForward update() {
  AttributeChange number{.name = "A1", .value = "12"};
  AttributeChange typed{.name = "A2", .type = "Pressure", .value = R"({"x":[1]})"};
  typed.metadata.push_back({.name = "unit", .value = "\"hPa\""});
  UpdateForward out;
  out.entities.push_back({.id = "E1", .type = "T1", .attributes = {number, typed}});
  return out;
}

TEST(ForwardBody, UpdateNamesDefaultTypes) {
  EXPECT_EQ(update_body(update()),
            R"({"entities":[{"id":"E1","type":"T1","A1":{"type":"Number","value":12,"metadata":{}},)"
            R"("A2":{"type":"Pressure","value":{"x":[1]},"metadata":{"unit":{"type":"Text","value":"hPa"}}}}],)"
            R"("actionType":"update"})");
}

TEST(ForwardBody, OperatorsGoOnToTheProvider) {
  UpdateForward forward;
  AttributeChange change{.name = "A1"};
  change.operators = {{UpdateOperator::increment, "3"}};
  forward.entities.push_back({.id = "E1", .attributes = {change}});
  EXPECT_EQ(update_body(forward),
            R"({"entities":[{"id":"E1","A1":{"value":{"$inc":3},"metadata":{}}}],"actionType":"update"})");
}

TEST(ForwardBody, LegacyUpdate) {
  EXPECT_EQ(
      legacy_update_body(update()),
      R"({"contextElements":[{"id":"E1","isPattern":"false","type":"T1","attributes":[)"
      R"({"name":"A1","type":"Number","value":12},)"
      R"({"name":"A2","type":"Pressure","value":{"x":[1]},"metadatas":[{"name":"unit","type":"Text","value":"hPa"}]}]}],)"
      R"("updateAction":"UPDATE"})");
}

}  // namespace
}  // namespace machi::broker

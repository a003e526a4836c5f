#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/query/q_parser.h"
#include "broker/query/tree.h"

// Builders for the tests of queries.
namespace machi::broker::query {

inline Filter q(std::string_view text) {
  auto filter = parse_q(text);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().message);
  return filter.value_or(Filter{});
}

inline Filter mq(std::string_view text) {
  auto filter = parse_mq(text);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().message);
  return filter.value_or(Filter{});
}

inline Attribute attribute(std::string name, std::string value, std::string type = "Thing") {
  return {.name = std::move(name), .type = std::move(type), .value = std::move(value)};
}

inline Entity entity(std::vector<Attribute> attributes) {
  return {.key = {1}, .id = "E1", .type = "T", .attributes = std::move(attributes)};
}

}  // namespace machi::broker::query

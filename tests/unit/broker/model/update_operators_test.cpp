#include "broker/model/update_operators.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

using enum UpdateOperator;

std::string after(std::string_view present, std::vector<std::pair<UpdateOperator, JsonText>> operators,
                  bool is_date = false) {
  const JsonText value(present);
  const auto result = apply_operators({present.empty() ? nullptr : &value, is_date, false}, operators);
  if (!result) return "error: " + result.error().message;
  return result->value_or("nothing");
}

std::string created(UpdateOperator op, JsonText operand, bool is_date = false) {
  const auto result = apply_operators({nullptr, is_date, true}, {{op, std::move(operand)}});
  if (!result) return "error: " + result.error().message;
  return result->value_or("nothing");
}

TEST(UpdateOperators, Numbers) {
  EXPECT_EQ(after("10", {{increment, "2"}}), "12");
  EXPECT_EQ(after("1.5", {{increment, "-2"}}), "-0.5");
  EXPECT_EQ(after("3", {{multiply, "2"}}), "6");
  EXPECT_EQ(after("9223372036854775807", {{increment, "1"}}), "9223372036854775808");
  EXPECT_EQ(after("", {{increment, "3"}}), "3");
  EXPECT_EQ(after("", {{multiply, "3"}}), "0");
  EXPECT_EQ(after("\"x\"", {{increment, "1"}}), "error: $inc cannot be applied: the present value is not a number");
  EXPECT_EQ(after("1", {{increment, "\"x\""}}), "error: $inc cannot be applied: its operand is not a number");
  EXPECT_EQ(after("1e300", {{multiply, "1e300"}}),
            "error: $mul cannot be applied: the result is beyond the range of numbers");
}

TEST(UpdateOperators, MinimumAndMaximum) {
  EXPECT_EQ(after("10", {{minimum, "2"}}), "2");
  EXPECT_EQ(after("10", {{minimum, "20"}}), "10");
  EXPECT_EQ(after("10", {{maximum, "12"}}), "12");
  EXPECT_EQ(after("\"b\"", {{maximum, "\"a\""}}), "\"b\"");
  EXPECT_EQ(after("10", {{maximum, "\"a\""}}), "\"a\"");
  EXPECT_EQ(after("", {{minimum, "7"}}), "7");
  EXPECT_EQ(after("\"2026-01-01T00:00:00.000Z\"", {{maximum, "\"2026-01-01T00:00:00.000001Z\""}}, true),
            "\"2026-01-01T00:00:00.000001Z\"");
}

TEST(UpdateOperators, Arrays) {
  EXPECT_EQ(after("[1,2,3]", {{push, "3"}}), "[1,2,3,3]");
  EXPECT_EQ(after("[1]", {{push, "[2]"}}), "[1,[2]]");
  EXPECT_EQ(after("[1]", {{push, R"({"$each":[-1,0],"$position":0})"}}), "[-1,0,1]");
  EXPECT_EQ(after("[1,2]", {{push, R"({"$each":[9],"$position":-1})"}}), "[1,9,2]");
  EXPECT_EQ(after("[1,2]", {{push, R"({"$each":[9],"$position":7})"}}), "[1,2,9]");
  EXPECT_EQ(after("[1,2,3]", {{add_to_set, "3"}}), "[1,2,3]");
  EXPECT_EQ(after("[1]", {{add_to_set, R"({"$each":[1,2,2]})"}}), "[1,2]");
  EXPECT_EQ(after(R"([{"a":1,"b":2},2,{"b":2,"a":1}])", {{pull, R"({"b":2,"a":1})"}}), "[2]");
  EXPECT_EQ(after("[1,2,3,2]", {{pull_all, "[2,3]"}}), "[1]");
  EXPECT_EQ(after("1", {{push, "2"}}), "error: $push cannot be applied: the present value is not an array");
  EXPECT_EQ(after("[1]", {{pull_all, "2"}}), "error: $pullAll cannot be applied: its operand is not an array");
}

TEST(UpdateOperators, Objects) {
  EXPECT_EQ(after(R"({"X":1,"Y":2})", {{set, R"({"Y":20,"Z":30})"}}), R"({"X":1,"Y":20,"Z":30})");
  EXPECT_EQ(after(R"({"X":1})", {{set, "\"foo\""}}), "\"foo\"");
  EXPECT_EQ(after(R"({"X":1,"Y":2})", {{unset, R"({"X":null,"Q":1})"}}), R"({"Y":2})");
  EXPECT_EQ(after(R"({"X":1})", {{unset, "10"}}), R"({"X":1})");
  EXPECT_EQ(after(R"({"X":1,"Y":2})", {{set, R"({"Y":20})"}, {unset, R"({"X":1})"}}), R"({"Y":20})");
  EXPECT_EQ(after("\"foo\"", {{set, R"({"Y":1})"}}),
            "error: $set cannot be applied: the present value is not an object");
  EXPECT_EQ(after(R"({"X":1})", {{set, R"({"X":2})"}, {unset, R"({"X":1})"}}),
            "error: $set cannot be applied: $unset names the same member: X");
}

TEST(UpdateOperators, CreationStartsFromNothing) {
  EXPECT_EQ(created(increment, "4"), "4");
  EXPECT_EQ(created(multiply, "1000"), "0");
  EXPECT_EQ(created(minimum, "2"), "0");
  EXPECT_EQ(created(maximum, "10"), "10");
  EXPECT_EQ(created(maximum, "-1"), "0");
  EXPECT_EQ(created(minimum, "\"2026-01-01T00:00:00.000Z\"", true), "\"1970-01-01T00:00:00.000Z\"");
  EXPECT_EQ(created(push, "4"), "[4]");
  EXPECT_EQ(created(set, R"({"X":1})"), R"({"X":1})");
  EXPECT_EQ(created(pull, "1"), "nothing");
  EXPECT_EQ(created(pull_all, "[1]"), "nothing");
  EXPECT_EQ(created(unset, R"({"X":1})"), "nothing");
}

}  // namespace
}  // namespace machi::broker

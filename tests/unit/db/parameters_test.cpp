#include <fmt/format.h>

#include <random>

#include "db/connection.h"
#include "db/test_cluster.h"

namespace machi::db {
namespace {

using namespace testing;

/// Strings that are awkward in array literals, in SQL and elsewhere, and random ones of the same alphabet.
std::vector<std::optional<std::string>> awkward_texts() {
  std::vector<std::optional<std::string>> texts = {
      "",       "NULL", "null", "{}",       "{\"a\"}", "a,b", "\"", "\\",    "\\\"", " a ", "\n\t", "$1",
      "町内会", "😀",   "'",    "\x01\x7f", "\\N",     ";--", "%s", "\\x41", "{{",   "}}",  ",,,",  std::nullopt};
  constexpr std::uint64_t kSeed = 20261123;
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> alphabet = {"\"", "\\", "{",  "}", ",",  " ",  "a",
                                             "N",  "\n", "\r", "'", "が", "𠮷", "\t"};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (std::uint64_t length = random() % 12; length > 0; --length) text += alphabet[random() % alphabet.size()];
    texts.emplace_back(random() % 10 == 0 ? std::nullopt : std::optional(text));
  }
  return texts;
}

Task<Result<Rows>> query(Loop& loop, Statement statement, Parameters parameters) {
  auto connection = co_await Connection::connect(loop, database_url(), 5000ms);
  if (!connection) co_return fail(connection.error());
  auto rows = co_await (*connection)->run(one_call(statement, std::move(parameters)), 5000ms);
  if (!rows) co_return fail(rows.error());
  co_return rows->front();
}

void expect_texts(const Result<Rows>& rows, const std::vector<std::optional<std::string>>& expected) {
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_EQ(rows->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(rows->is_null(i, 0), !expected[i].has_value()) << i;
    EXPECT_EQ(rows->text(i, 0), expected[i].value_or("")) << i;
  }
}

constexpr Statement kTexts{"test_texts", "select t from unnest($1::text[]) with ordinality u(t, n) order by n"};

TEST(Parameters, TextArraysComeBackAsTheyWent) {
  on_loop([](Loop& loop) -> Task<> {
    const auto texts = awkward_texts();
    Parameters parameters;
    parameters.add_array(std::span(texts));
    auto rows = co_await query(loop, kTexts, std::move(parameters));
    expect_texts(rows, texts);
  });
}

TEST(Parameters, ScalarTextsComeBackAsTheyWent) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kEcho{"test_echo", "select $1::text"};
    auto connection = co_await Connection::connect(loop, database_url(), 5000ms);
    const auto texts = awkward_texts();
    std::vector<Call> calls;
    for (const auto& text : texts) calls.push_back({&kEcho, Parameters().add(text)});
    auto rows = co_await (*connection)->run(std::move(calls), 5000ms);
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ((*rows)[i].is_null(0, 0), !texts[i].has_value());
      EXPECT_EQ((*rows)[i].text(0, 0), texts[i].value_or(""));
    }
  });
}

TEST(Parameters, EmptyArraysAreEmpty) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kSizes{"test_sizes",
                                      "select cardinality($1::text[]), cardinality($2::text[]), "
                                      "cardinality($3::timestamptz[]), cardinality($4::bigint[])"};
    Parameters parameters;
    parameters.add_array(std::span<const std::string>()).add_array(std::span<const std::string_view>());
    parameters.add_array(std::span<const Timestamp>()).add_array(std::span<const std::int64_t>());
    auto rows = co_await query(loop, kSizes, std::move(parameters));
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    for (int column = 0; column < 4; ++column) EXPECT_EQ(rows->integer(0, column), 0);
  });
}

TEST(Parameters, NumbersAndBooleansKeepTheirValue) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kScalars{
        "test_scalars", "select $1::bigint, $2::float8, $3::boolean, $4::float8, $5::bigint, $6::float8"};
    Parameters parameters;
    parameters.add(std::numeric_limits<std::int64_t>::min()).add(0.1).add(true);
    parameters.add(std::numeric_limits<double>::denorm_min()).add_null().add(std::numeric_limits<double>::infinity());
    auto rows = co_await query(loop, kScalars, std::move(parameters));
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    EXPECT_EQ(rows->integer(0, 0), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(rows->number(0, 1), 0.1);
    EXPECT_TRUE(rows->boolean(0, 2));
    EXPECT_EQ(rows->number(0, 3), std::numeric_limits<double>::denorm_min());
    EXPECT_TRUE(rows->is_null(0, 4));
    EXPECT_EQ(rows->number(0, 5), std::numeric_limits<double>::infinity());
  });
}

TEST(Parameters, ArraysOfNumbersAndBooleansKeepTheirValues) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kArrays{
        "test_arrays", "select * from unnest($1::bigint[], $2::float8[], $3::boolean[]) with ordinality order by 4"};
    const std::vector<std::int64_t> integers = {1, -5, std::numeric_limits<std::int64_t>::max()};
    const std::vector<std::optional<double>> numbers = {0.1, std::nullopt, -1e300};
    Parameters parameters;
    parameters.add_array(std::span(integers)).add_array(std::span(numbers)).add_array(std::vector{true, false, true});
    auto rows = co_await query(loop, kArrays, std::move(parameters));
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(rows->integer(i, 0), integers[i]);
      EXPECT_EQ(rows->is_null(i, 1), !numbers[i].has_value());
      if (numbers[i]) EXPECT_EQ(rows->number(i, 1), *numbers[i]);
      EXPECT_EQ(rows->boolean(i, 2), i != 1);
    }
  });
}

TEST(Parameters, MomentsKeepTheirMicroseconds) {
  on_loop([](Loop& loop) -> Task<> {
    static constexpr Statement kMoments{
        "test_moments",
        "select (extract(epoch from t) * 1000000)::bigint from unnest($1::timestamptz[]) "
        "with ordinality u(t, n) order by n"};
    static constexpr Statement kMoment{"test_moment", "select (extract(epoch from $1::timestamptz) * 1000000)::bigint"};
    // Before our era, the first moment of it, around the epochs of Unix and PostgreSQL, and year 10000.
    const std::vector<std::optional<Timestamp>> moments = {Timestamp{-62'167'219'200'000'000},
                                                           Timestamp{-62'135'596'800'000'000},
                                                           Timestamp{-1},
                                                           Timestamp{0},
                                                           Timestamp{946'684'799'999'999},
                                                           Timestamp{1'795'000'000'123'456},
                                                           Timestamp{253'402'300'800'000'000},
                                                           std::nullopt};
    Parameters array;
    array.add_array(std::span(moments));
    auto rows = co_await query(loop, kMoments, std::move(array));
    EXPECT_TRUE(rows.has_value());
    if (!rows) co_return;
    for (std::size_t i = 0; i < moments.size(); ++i) {
      EXPECT_EQ(rows->is_null(i, 0), !moments[i].has_value());
      if (!moments[i]) continue;
      EXPECT_EQ(rows->timestamp(i, 0), *moments[i]);
      Parameters scalar;
      scalar.add(*moments[i]);
      auto one = co_await query(loop, kMoment, std::move(scalar));
      EXPECT_TRUE(one.has_value());
      if (one) EXPECT_EQ(one->timestamp(0, 0), *moments[i]);
    }
  });
}

TEST(Parameters, TextThatPostgresCannotHoldIsRefused) {
  on_loop([](Loop& loop) -> Task<> {
    auto with_nul = co_await query(
        loop, kTexts, std::move(Parameters().add_array(std::span<const std::string>({std::string("a\0b", 3)}))));
    EXPECT_EQ(with_nul.error().code, ErrorCode::bad_request);
    auto not_utf8 =
        co_await query(loop, kTexts, std::move(Parameters().add_array(std::span<const std::string>({"\xff\xfe"}))));
    EXPECT_EQ(not_utf8.error().code, ErrorCode::bad_request);
  });
}

}  // namespace
}  // namespace machi::db

#include <libpq-fe.h>

#include <charconv>

#include "db/connection.h"

namespace machi::db {

namespace {

template <typename Number>
Number parse(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Rows::Rows(pg_result* result) : result_(result, [](pg_result* r) { PQclear(r); }) {}

std::size_t Rows::size() const {
  return result_ ? static_cast<std::size_t>(PQntuples(result_.get())) : 0;
}

bool Rows::is_null(std::size_t row, int column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), column) == 1;
}

std::string_view Rows::text(std::size_t row, int column) const {
  const int index = static_cast<int>(row);
  return {PQgetvalue(result_.get(), index, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), index, column))};
}

std::int64_t Rows::integer(std::size_t row, int column) const {
  return parse<std::int64_t>(text(row, column));
}

double Rows::number(std::size_t row, int column) const {
  return parse<double>(text(row, column));
}

bool Rows::boolean(std::size_t row, int column) const {
  return text(row, column).starts_with('t');
}

std::int64_t Rows::affected() const {
  return result_ ? parse<std::int64_t>(PQcmdTuples(result_.get())) : 0;
}

}  // namespace machi::db

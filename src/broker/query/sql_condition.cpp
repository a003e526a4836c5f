#include <algorithm>
#include <array>
#include <optional>

#include "base/json_writer.h"
#include "broker/query/sql_builder.h"

// One statement as SQL. The rules are docs/query.md's "What is compared" and "Operators"; what is written here as SQL
// stands in condition.cpp as C++.
namespace machi::broker::query {
namespace {

// From so many bytes on a literal may be longer than what machi.text_key keeps.
constexpr std::size_t kTextKeyLength = 256;

std::string_view symbol(Operator op) {
  switch (op) {
    case Operator::greater:
      return ">";
    case Operator::greater_or_equal:
      return ">=";
    case Operator::less:
      return "<";
    case Operator::less_or_equal:
      return "<=";
    default:
      return "=";
  }
}

std::string joined(const std::vector<std::string>& parts, std::string_view by) {
  if (parts.empty()) return "false";
  return parts.size() == 1 ? parts.front() : fmt::format("({})", fmt::join(parts, by));
}

// A value in the store: either a cell of the search column or a member of an array or object. Gives the expression of
// one kind, NULL for values of other kinds.
class Place {
 public:
  static Place cell(std::string expression) { return {std::move(expression), true}; }
  static Place member(std::string expression) { return {std::move(expression), false}; }

  // `{}` is where the comparison stands: "machi.ordinal(…) > $3". A cell's ordinal holds numbers and dates, so its key
  // is asked for.
  [[nodiscard]] std::string number(std::string_view comparison) const {
    if (is_cell_) return fmt::format("(machi.ordinal({0}) {1} and {0} -> 'n' is not null)", expression_, comparison);
    return fmt::format("machi.number_of({}) {}", expression_, comparison);
  }
  [[nodiscard]] std::string date(std::string_view comparison) const {
    if (is_cell_) return fmt::format("(machi.ordinal({0}) {1} and {0} -> 'd' is not null)", expression_, comparison);
    return fmt::format("null::float8 {}", comparison);
  }
  [[nodiscard]] std::string text(std::string_view comparison, bool is_short) const {
    if (!is_cell_) return fmt::format("machi.text_of({}) collate \"C\" {}", expression_, comparison);
    if (is_short) return fmt::format("machi.text_key({}) collate \"C\" {}", expression_, comparison);
    return fmt::format("({} ->> 's') collate \"C\" {}", expression_, comparison);
  }
  [[nodiscard]] std::string boolean(std::string_view value) const {
    return is_cell_ ? fmt::format("{} -> 'b' = {}", expression_, value) : fmt::format("{} = {}", expression_, value);
  }
  [[nodiscard]] std::string null() const {
    return is_cell_ ? fmt::format("{} ? 'z'", expression_) : fmt::format("{} = 'null'::jsonb", expression_);
  }
  // Any string (for a cell also an array, which may hold one).
  [[nodiscard]] std::string may_hold_text() const {
    return is_cell_ ? fmt::format("({0} ? 's' or {0} ? 'a')", expression_)
                    : fmt::format("jsonb_typeof({}) = 'string'", expression_);
  }

 private:
  Place(std::string expression, bool is_cell) : expression_(std::move(expression)), is_cell_(is_cell) {}
  std::string expression_;
  bool is_cell_;
};

double microseconds(Timestamp date) {
  return static_cast<double>(date.microseconds);
}

std::string compare(const Place& place, std::string_view op, const Literal& literal, SqlBuilder& sql) {
  if (const auto* number = std::get_if<double>(&literal)) {
    return place.number(fmt::format("{} {}", op, sql.bind(*number, "float8")));
  }
  if (const auto* date = std::get_if<Timestamp>(&literal)) {
    return place.date(fmt::format("{} {}", op, sql.bind(microseconds(*date), "float8")));
  }
  if (const auto* text = std::get_if<std::string>(&literal)) {
    return place.text(fmt::format("{} {}", op, sql.bind(*text, "text")), text->size() < kTextKeyLength);
  }
  if (const auto* boolean = std::get_if<bool>(&literal)) {
    return place.boolean(sql.bind(std::string_view(*boolean ? "true" : "false"), "jsonb"));
  }
  return place.null();
}

// A list: the literals of each kind become one array.
std::string equals_any(const Place& place, const std::vector<Literal>& values, SqlBuilder& sql) {
  if (values.size() == 1) return compare(place, "=", values.front(), sql);
  std::vector<std::optional<double>> numbers;
  std::vector<std::optional<double>> dates;
  std::vector<std::string> texts;
  std::vector<std::string> tests;
  std::size_t longest = 0;
  for (const Literal& value : values) {
    if (const auto* number = std::get_if<double>(&value)) {
      numbers.emplace_back(*number);
    } else if (const auto* date = std::get_if<Timestamp>(&value)) {
      dates.emplace_back(microseconds(*date));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      longest = std::max(longest, text->size());
      texts.push_back(*text);
    } else {
      tests.push_back(compare(place, "=", value, sql));
    }
  }
  if (!numbers.empty()) tests.push_back(place.number(fmt::format("= any({})", sql.bind_array(numbers, "float8"))));
  if (!dates.empty()) tests.push_back(place.date(fmt::format("= any({})", sql.bind_array(dates, "float8"))));
  if (!texts.empty()) {
    tests.push_back(place.text(fmt::format("= any({})", sql.bind_array(texts, "text")), longest < kTextKeyLength));
  }
  return joined(tests, " or ");
}

std::string matches(const Place& place, const Regex& pattern, SqlBuilder& sql) {
  if (!pattern.sql()) {
    sql.exact = false;
    return place.may_hold_text();
  }
  return place.text(fmt::format("~ {}", sql.bind(*pattern.sql(), "text")), false);
}

// The positive form: != asks it too and turns the answer round.
std::string fulfilled(const Condition& condition, const Place& place, SqlBuilder& sql) {
  if (condition.op == Operator::matches) return matches(place, *condition.pattern, sql);
  if (condition.range) {
    return fmt::format("({} and {})", compare(place, ">=", condition.range->from, sql),
                       compare(place, "<=", condition.range->to, sql));
  }
  if (condition.op == Operator::equal || condition.op == Operator::unequal) {
    return equals_any(place, condition.values, sql);
  }
  return compare(place, symbol(condition.op), condition.values.front(), sql);
}

bool only_dates(const Condition& condition) {
  const auto is_date = [](const Literal& l) { return std::holds_alternative<Timestamp>(l); };
  if (condition.range) return is_date(condition.range->from);
  return condition.op != Operator::matches && std::ranges::all_of(condition.values, is_date);
}

std::string json_path(const std::vector<std::string>& path) {
  std::string out = "lax $";
  for (const std::string& name : path) {
    out += '.';
    JsonWriter::append_quoted(out, name);
  }
  return out;
}

// A target that is somewhere in the search column.
struct Stored {
  std::string cell;    // expression of its cell; NULL when it is missing
  std::string exists;  // whether attribute or metadata are there; may be NULL
};

// Some member of the value fulfils the condition; may be NULL.
std::string some_member(const Condition& condition, const Stored& stored, const std::string& inside, SqlBuilder& sql) {
  const Place member = Place::member("m.v");
  if (!condition.target.path.empty()) {
    const auto path = sql.bind(json_path(condition.target.path) + "[*]", "jsonpath");
    return fmt::format("exists (select from jsonb_path_query({}, {}) as m(v) where {})", inside, path,
                       fulfilled(condition, member, sql));
  }
  auto scalar = fulfilled(condition, Place::cell(stored.cell), sql);
  if (only_dates(condition)) return scalar;
  return fmt::format(
      "({0} or ({1} -> 'a' is not null and exists (select from jsonb_array_elements({1} -> 'a') as m(v) where {2})))",
      scalar, stored.cell, fulfilled(condition, member, sql));
}

std::string stored_condition(const Condition& condition, const Stored& stored, SqlBuilder& sql) {
  const std::string inside = fmt::format("coalesce({0} -> 'o', {0} -> 'a')", stored.cell);
  // Every value that is bound must be used, or PostgreSQL does not know its type.
  const auto exists = [&] {
    if (condition.target.path.empty()) return stored.exists;
    return fmt::format("jsonb_path_exists({}, {})", inside, sql.bind(json_path(condition.target.path), "jsonpath"));
  };
  switch (condition.op) {
    case Operator::exists:
      return exists();
    case Operator::absent:
      return fmt::format("({}) is not true", exists());
    case Operator::unequal: {
      const auto test = some_member(condition, stored, inside, sql);
      return fmt::format("({} and {} is not true)", exists(), test);
    }
    default:
      return some_member(condition, stored, inside, sql);
  }
}

// A moment in a column or computed from the document: `expression` is microseconds or a timestamp, as `bind` makes the
// other side.
template <typename Bind>
std::string time_condition(const Condition& condition, const std::string& expression, Bind bind) {
  std::string exists = fmt::format("{} is not null", expression);
  if (condition.op == Operator::exists) return exists;
  if (condition.op == Operator::absent) return fmt::format("{} is null", expression);
  const auto compare_one = [&](std::string_view op, const Literal& literal) -> std::string {
    const auto* date = std::get_if<Timestamp>(&literal);
    return date == nullptr ? "false" : fmt::format("{} {} {}", expression, op, bind(*date));
  };
  std::string test = "false";
  if (condition.range) {
    test = fmt::format("({} and {})", compare_one(">=", condition.range->from), compare_one("<=", condition.range->to));
  } else if (condition.op != Operator::matches) {
    std::vector<std::string> tests;
    for (const Literal& literal : condition.values) tests.push_back(compare_one(symbol(condition.op), literal));
    test = joined(tests, " or ");
  }
  return condition.op == Operator::unequal ? fmt::format("({} and {} is not true)", exists, test) : test;
}

// PostgreSQL has no year 0; nothing in a column is so old.
Timestamp in_range(Timestamp date) {
  constexpr Timestamp kYearOne{-62'135'596'800'000'000};
  return std::max(date, kYearOne);
}

std::string service_path_condition(const Condition& condition, SqlBuilder& sql) {
  if (condition.op == Operator::exists) return "true";
  if (condition.op == Operator::absent) return "false";
  const auto compare_one = [&](std::string_view op, const Literal& literal) -> std::string {
    const auto* text = std::get_if<std::string>(&literal);
    return text == nullptr ? "false" : fmt::format("e.service_path {} {}", op, sql.bind(*text, "text"));
  };
  if (condition.op == Operator::matches) {
    if (condition.pattern->sql())
      return fmt::format("e.service_path ~ {}", sql.bind(*condition.pattern->sql(), "text"));
    sql.exact = false;
    return "true";
  }
  std::string test;
  if (condition.range) {
    test = fmt::format("({} and {})", compare_one(">=", condition.range->from), compare_one("<=", condition.range->to));
  } else {
    std::vector<std::string> tests;
    for (const Literal& literal : condition.values) tests.push_back(compare_one(symbol(condition.op), literal));
    test = joined(tests, " or ");
  }
  return condition.op == Operator::unequal ? fmt::format("not {}", test) : test;
}

std::string entity_condition(const Condition& condition, SqlBuilder& sql) {
  std::string column = "e.created";
  switch (condition.target.builtin) {
    case Target::Builtin::service_path:
      return service_path_condition(condition, sql);
    case Target::Builtin::date_modified:
      column = "e.modified";
      break;
    case Target::Builtin::date_expires:
      column = "e.expires";
      break;
    default:
      break;
  }
  return time_condition(condition, column, [&](Timestamp date) { return sql.bind(in_range(date), "timestamptz"); });
}

std::string attribute_time_condition(const Condition& condition, SqlBuilder& sql) {
  const auto name = sql.bind(condition.target.attribute, "text");
  const std::string_view which = condition.target.builtin == Target::Builtin::date_created ? "created" : "modified";
  const auto time = fmt::format("machi.attribute_time(e.document, {}, '{}')", name, which);
  const auto test =
      time_condition(condition, time, [&](Timestamp date) { return sql.bind(date.microseconds, "bigint"); });
  // The document is read only where the attribute is.
  return condition.op == Operator::absent ? fmt::format("(e.search ? {} and not ({})) is not true", name, test)
                                          : fmt::format("(e.search ? {} and {})", name, test);
}

std::string condition_sql(const Condition& condition, SqlBuilder& sql) {
  const Target& target = condition.target;
  const bool is_builtin = target.builtin != Target::Builtin::none;
  if (target.metadata.empty() && is_builtin) return entity_condition(condition, sql);
  if (is_builtin) return attribute_time_condition(condition, sql);
  const auto attribute = sql.bind(target.attribute, "text");
  if (target.metadata.empty()) {
    return stored_condition(
        condition,
        {.cell = fmt::format("(e.search -> {})", attribute), .exists = fmt::format("e.search ? {}", attribute)}, sql);
  }
  const auto metadata = sql.bind(target.metadata, "text");
  return stored_condition(condition,
                          {.cell = fmt::format("(e.search -> {} -> 'm' -> {})", attribute, metadata),
                           .exists = fmt::format("(e.search -> {} -> 'm') ? {}", attribute, metadata)},
                          sql);
}

}  // namespace

std::string cell_sql(std::string_view attribute, SqlBuilder& sql) {
  return fmt::format("(e.search -> {})", sql.bind(attribute, "text"));
}

std::string filter_sql(const Filter& filter, SqlBuilder& sql) {
  if (filter.kind == Filter::Kind::condition) return condition_sql(*filter.leaf, sql);
  const bool is_all = filter.kind == Filter::Kind::all;
  if (filter.parts.empty()) return is_all ? "true" : "false";
  std::vector<std::string> parts;
  for (const Filter& part : filter.parts) parts.push_back(filter_sql(part, sql));
  return joined(parts, is_all ? " and " : " or ");
}

}  // namespace machi::broker::query

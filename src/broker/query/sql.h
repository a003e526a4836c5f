#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/query/tree.h"
#include "db/connection.h"

namespace machi::broker::query {

/// A statement with its values apart. It must be planned with its parameters' values (an unnamed statement, or
/// plan_cache_mode=force_custom_plan): names of attributes are among them.
struct Sql {
  std::string text;
  db::Parameters parameters{};
  /// False when a pattern is beyond PostgreSQL: then the rows are only candidates, and a Refinement decides
  /// (refinement.h).
  bool exact = true;
};

/// `select <columns> from <schema>.entity e where … order by … limit … offset …`. `columns` is trusted text that names
/// columns by the alias `e`; `schema` likewise.
[[nodiscard]] Sql select_sql(const Query& query, std::string_view columns, std::string_view schema = "machi");

/// `select count(*) …` of the same entities; limit and offset do not matter.
[[nodiscard]] Sql count_sql(const Query& query, std::string_view schema = "machi");

/// One index of a declared attribute, and the statistics that go with it.
struct AttributeIndex {
  std::string_view suffix;  ///< ordinal (numbers and dates), text, array
  std::string name;         ///< made from the attribute's hash
  std::vector<std::string> create;
  std::vector<std::string> drop;
};

/// The three indexes of an attribute. Comparisons with numbers or dates need ordinal and array, those with strings text
/// and array. With `concurrently` their statements are to be run one by one, outside a transaction; `analyze
/// machi.entity` after them makes the planner see them.
[[nodiscard]] std::vector<AttributeIndex> attribute_indexes(std::string_view attribute, bool concurrently,
                                                            std::string_view schema = "machi");

/// The statements that make the indexes of a declared attribute, and the statistics without which the planner does not
/// choose them (it takes none from partial indexes); with `concurrently` to be run one by one, outside a transaction.
/// The last one analyzes the table. The name is quoted as a literal; names of indexes are made from its hash.
[[nodiscard]] std::vector<std::string> create_index_statements(std::string_view attribute, bool concurrently,
                                                               std::string_view schema = "machi");
/// And those that drop them.
[[nodiscard]] std::vector<std::string> drop_index_statements(std::string_view attribute, bool concurrently,
                                                             std::string_view schema = "machi");

}  // namespace machi::broker::query

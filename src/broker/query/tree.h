#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/timestamp.h"
#include "broker/entity_store.h"
#include "broker/model/entity.h"
#include "broker/query/regex.h"

// A parsed query, neutral to the faces. What each part means: docs/query.md. The parsers (q_parser.h, geo_parser.h,
// order.h) build it; the matcher (matcher.h) and the translator (sql.h) read it.
namespace machi::broker::query {

enum class Operator : std::uint8_t {
  exists,
  absent,
  equal,
  unequal,
  greater,
  greater_or_equal,
  less,
  less_or_equal,
  matches
};

struct Null {
  auto operator<=>(const Null&) const = default;
};

/// The right side of a comparison. A literal only meets values of its own kind.
using Literal = std::variant<Null, bool, double, std::string, Timestamp>;

/// Both ends included; both are numbers, strings or dates.
struct Range {
  Literal from;
  Literal to;
};

/// The left side of a comparison.
struct Target {
  /// Values that are the entity's (or, with a metadata, the attribute's) own and not a user's.
  enum class Builtin : std::uint8_t { none, date_created, date_modified, date_expires, service_path };

  std::string attribute{};
  std::string metadata{};           ///< empty: the attribute's value
  std::vector<std::string> path{};  ///< inside the value
  /// Set when `attribute` (or `metadata`) names a built-in and `path` is empty.
  Builtin builtin = Builtin::none;
};

/// One statement of `q` or `mq`.
struct Condition {
  Target target;
  Operator op = Operator::exists;
  std::vector<Literal> values{};  ///< one, or a list; for equal, unequal and the four comparisons
  std::optional<Range> range{};   ///< instead of values; for equal and unequal
  Pattern pattern{};              ///< for matches
};

/// Statements joined. An empty `all` holds always.
struct Filter {
  enum class Kind : std::uint8_t { all, any, condition };
  Kind kind = Kind::all;
  std::vector<Filter> parts{};      ///< of all and any
  std::optional<Condition> leaf{};  ///< of condition

  [[nodiscard]] bool is_empty() const { return kind == Kind::all && parts.empty(); }
  [[nodiscard]] static Filter of(Condition condition) {
    return {.kind = Kind::condition, .leaf = std::move(condition)};
  }
};

/// Which entities by name: the AND of what is given. Nothing given: every entity.
struct EntitySelector {
  std::vector<std::string> ids{};  ///< any of them; empty: no restriction
  Pattern id_pattern{};
  std::vector<std::string> types{};
  Pattern type_pattern{};
};

/// A position on WGS 84, in degrees.
struct Position {
  double longitude = 0;
  double latitude = 0;
  bool operator==(const Position&) const = default;
};

enum class GeoRelation : std::uint8_t {
  near,
  covered_by,
  intersects,
  equals,
  disjoint,
  within,  ///< NGSI-LD only, as are the next two
  contains,
  overlaps
};

/// A condition on the places of an entity.
struct GeoCondition {
  GeoRelation relation = GeoRelation::near;
  std::optional<double> max_distance{};  ///< metres; near only
  std::optional<double> min_distance{};
  /// The reference as GeoJSON geometry. For near it is a point; `center` then holds it.
  std::string geometry{};
  Position center{};
  /// Only this attribute's geometry; empty: any of the entity's.
  std::string attribute{};
};

struct OrderTerm {
  enum class Key : std::uint8_t {
    id,
    type,
    date_created,
    date_modified,
    date_expires,
    service_path,
    distance,
    attribute
  };
  Key key = Key::attribute;
  std::string attribute{};
  bool descending = false;
};

/// Everything that a list of entities is asked with.
struct Query {
  TenantId tenant{};
  ScopeFilter scope{};
  std::vector<EntitySelector> selectors{};   ///< any of them; empty: all entities
  std::vector<std::string> any_attribute{};  ///< the entity has at least one of these; empty: no restriction
  Filter q{};
  Filter mq{};
  Filter restriction{};  ///< what the principal may see
  std::optional<GeoCondition> geo{};
  std::vector<OrderTerm> order_by{};
  int limit = 20;
  int offset = 0;
  bool count = false;
};

}  // namespace machi::broker::query

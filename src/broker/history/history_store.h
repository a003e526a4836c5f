#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "broker/entity_store.h"
#include "db/database.h"

namespace machi::broker {

/// Which values of one entity's past are asked for.
struct HistoryQuery {
  TenantId tenant{};
  std::string id;
  std::optional<std::string> type{};
  ScopeFilter scope{};
  std::vector<std::string> attributes{};  ///< empty: all that the entity has ever had
  std::optional<Timestamp> from{};        ///< observed at or after
  std::optional<Timestamp> to{};          ///< observed before
  std::optional<std::int64_t> last{};     ///< the newest so many of each attribute, answered oldest first
  std::int64_t limit = 100;               ///< of each attribute, oldest first; ignored with `last`
  std::int64_t offset = 0;
};

/// One value that an attribute had.
struct HistoryValue {
  Timestamp observed{};
  Timestamp recorded{};
  std::string attribute;
  std::string type;
  JsonText value;
  std::optional<JsonText> metadata{};  ///< `{"name":{"type":…,"value":…}}`
  bool removed = false;                ///< the attribute was removed at this time
};

/// The names under which an entity has been stored; several when it was removed and made again.
struct HistoryEntity {
  std::string type;
  std::string service_path;
  bool removed = false;
};

struct HistoryPage {
  HistoryEntity entity;
  std::vector<HistoryValue> values;  ///< by attribute (alphabetical), then observed
};

enum class Period : std::uint8_t { second, minute, hour, day, week, month, year };
[[nodiscard]] std::optional<Period> parse_period(std::string_view name);

/// Numbers of one attribute within one period; only values that are JSON numbers count.
struct HistoryAggregate {
  std::string attribute;
  Timestamp start{};  ///< of the period
  std::int64_t count = 0;
  double minimum = 0, maximum = 0, sum = 0;
  [[nodiscard]] double average() const { return sum / static_cast<double>(count); }
};

struct AggregatePage {
  HistoryEntity entity;
  std::vector<HistoryAggregate> aggregates;  ///< by attribute, then period; periods without numbers are left out
};

/// Reads the history of entities, removed ones too. On the slow connections. Lives on the loop of its Database.
class HistoryStore {
 public:
  explicit HistoryStore(db::Database& database) : database_(database) {}

  /// Errors: not_found (no such entity now or before), too_many_results (several types or service paths share the id
  /// and none was named), busy, timeout.
  [[nodiscard]] Task<Result<HistoryPage>> values(HistoryQuery query);
  /// `zone`: name of a time zone, in which days, weeks, months and years begin. Errors as values; bad_request for an
  /// unknown zone.
  [[nodiscard]] Task<Result<AggregatePage>> aggregates(HistoryQuery query, Period period, std::string zone);

 private:
  struct Resolved {
    HistoryEntity entity;
    std::vector<std::int64_t> keys;
  };
  [[nodiscard]] Task<Result<Resolved>> resolve(HistoryQuery query);

  db::Database& database_;
};

}  // namespace machi::broker

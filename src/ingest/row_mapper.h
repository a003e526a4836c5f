#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/model/change.h"
#include "ingest/csv_reader.h"
#include "ingest/dataset.h"
#include "ingest/header_match.h"
#include "ingest/message.h"

namespace machi::ingest {

struct MappingOptions {
  broker::TenantId tenant{};
  std::string service_path = "/";
  std::string municipality{};   ///< six digits: for rows that do not name theirs
  std::string source{};         ///< attribute `source`
  std::string license{};        ///< attribute `license`; left out when empty
  std::string data_provider{};  ///< attribute `dataProvider`; the row's local government when empty
  std::vector<std::pair<std::string, std::string>> extra{};  ///< further text attributes of every entity
  bool strict = false;                                       ///< a value that is left out refuses its row
  std::string correlator{};
  std::string principal{};
};

/// What became of one row.
struct MappedRow {
  /// The whole entity as the row describes it (action upsert); absent when the row is refused or blank.
  std::optional<broker::EntityChange> change{};
  bool keyed = false;  ///< the id comes from the row's own id, not from a hash of what it says
  /// Attributes whose column stands in the file but says nothing here: a value of an earlier import is outdated.
  std::vector<std::string> blank{};
  std::vector<std::size_t> missing{};  ///< required by the standard and blank: indices of attributes
  std::vector<Finding> findings{};     ///< the last one says why, if the row is refused
};

/// Turns records into entities of one dataset. Pure: no I/O, no clock; the same record gives the same entity.
/// Ids: `urn:ngsi-ld:<Type>:<municipal code>-<dataset>-<row id>`, row id being the row's own when it consists of
/// letters, digits and `._-` (up to 64), otherwise 16 hexadecimal digits of SHA-256 over its natural key in a spelling
/// that survives width, blanks and punctuation.
class RowMapper {
 public:
  RowMapper(const DatasetCatalogue& catalogue, const HeaderMatch& match, MappingOptions options)
      : catalogue_(catalogue), match_(match), options_(std::move(options)) {}

  [[nodiscard]] MappedRow map(const Record& record) const;
  [[nodiscard]] const MappingOptions& options() const { return options_; }

 private:
  const DatasetCatalogue& catalogue_;
  const HeaderMatch& match_;
  MappingOptions options_;
};

}  // namespace machi::ingest

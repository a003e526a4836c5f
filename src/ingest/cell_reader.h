#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/dataset.h"
#include "ingest/message.h"

namespace machi::ingest {

/// What is known about the row before its cells are read.
struct RowContext {
  std::string_view prefecture{};    ///< two digits, or empty
  std::string_view municipality{};  ///< six digits expected of the file, or empty
};

/// A value as an entity's attribute holds it.
struct TypedValue {
  std::string type;  ///< NGSIv2: Text, Number, Boolean, Date, StructuredValue
  std::string json;
  std::string text;  ///< for keys
};

struct CellReading {
  std::optional<TypedValue> value{};  ///< absent: blank, or left out (then a finding says why)
  std::vector<Finding> findings{};    ///< `column` is the caller's to fill in
  /// What belongs into other attributes of the row if those are blank: name and text.
  std::vector<std::pair<std::string_view, std::string>> spilled{};
};

/// Reads the text of one cell as its attribute wants it. Latitude and longitude are read as a pair elsewhere.
[[nodiscard]] CellReading read_cell(const AttributeDefinition& attribute, std::string_view text,
                                    const DatasetCatalogue& catalogue, const RowContext& row);

/// A text value.
[[nodiscard]] TypedValue text_value(std::string text);

}  // namespace machi::ingest

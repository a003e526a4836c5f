#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace machi::ingest {

/// How the text of a cell is read. config/datasets/README.md says what each takes and repairs.
enum class ValueKind : std::uint8_t {
  text,
  kana,
  identifier,
  municipal_code,
  corporate_number,
  town_id,
  poi_code,
  postal_code,
  local_government,
  prefecture,
  city,
  address,
  phone,
  url,
  number,
  amount,
  date,
  time,
  weekdays,
  choice,
  flag,
  list,
  latitude,
  longitude,
};

struct AttributeDefinition {
  std::string name;   ///< of the entity's attribute: the English name of the model
  std::string title;  ///< heading of the newest generation that has it
  ValueKind kind = ValueKind::text;
  std::string unit{};
  std::string unit_code{};  ///< UN/CEFACT, becomes the metadata unitCode
  std::vector<std::string> choices{};
  std::string separators{};  ///< of a list, UTF-8
};

/// What one column means.
struct ColumnTarget {
  /// Indices into DatasetDefinition::attributes. None: the column is known and means nothing (row numbers). Two for a
  /// column that holds latitude and longitude together.
  std::vector<std::size_t> attributes{};
  /// Members of a set in one cell ("洪水　地震"), each with the flag attribute that it raises.
  std::vector<std::pair<std::string, std::size_t>> flags{};
};

struct LayoutColumn {
  std::string header;
  std::string key;       ///< spelling_key of the header
  std::string name_key;  ///< spelling_key of the attribute's English name: the third generation's other heading
  ColumnTarget target;
};

/// One way in which a dataset's header is written: a generation of the standard, or a city's own.
struct LayoutDefinition {
  std::string id;  ///< "1", "2", "3" for the generations of the standard
  std::string title;
  std::string publisher_code{};  ///< for layouts of one publisher whose files do not name it
  std::string publisher_name{};
  std::vector<LayoutColumn> columns{};
  /// Attributes that this layout demands; a blank is counted in the report, the row is taken all the same.
  std::vector<std::size_t> required{};
};

struct DatasetDefinition {
  std::string name;  ///< as the standard names the file: `evacuation_space`
  std::string type;  ///< of the entities
  std::string title_ja, title_en;
  std::string number{};  ///< in the standard's list
  std::vector<std::string> aliases{};
  /// Attributes that name a row within its municipality; when one is blank, the natural key stands in as a hash.
  std::vector<std::size_t> key{}, natural_key{};
  std::vector<std::size_t> must{};  ///< without these a row is refused
  std::optional<std::size_t> refuse_attribute{};
  std::vector<std::string> refuse_values{};  ///< rows with one of these are not for publication
  std::vector<AttributeDefinition> attributes{};
  std::vector<LayoutDefinition> layouts{};
  /// Every known heading (by spelling_key) of any layout, English name and common spelling.
  std::unordered_map<std::string, ColumnTarget> headings{};

  [[nodiscard]] std::optional<std::size_t> find(std::string_view attribute) const;
};

/// All datasets that can be imported, and the code lists they use.
class DatasetCatalogue {
 public:
  /// The definitions built into the program; those in `folder` (JSON files of the same form, a city's own layouts) come
  /// on top and replace what has the same name. Empty: none. Errors: bad_request naming the file and what is wrong.
  [[nodiscard]] static Result<DatasetCatalogue> load(const std::string& folder = {});

  /// By name, Japanese title, alias or number of the standard, in any spelling; nullptr if there is none.
  [[nodiscard]] const DatasetDefinition* find(std::string_view name) const;
  [[nodiscard]] const std::vector<DatasetDefinition>& datasets() const { return datasets_; }
  /// GIF's code list of points of interest.
  [[nodiscard]] bool is_poi_code(std::string_view code) const { return poi_codes_.contains(std::string(code)); }

 private:
  std::vector<DatasetDefinition> datasets_;
  std::unordered_map<std::string, std::string> poi_codes_;
};

}  // namespace machi::ingest

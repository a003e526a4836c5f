#include "ingest/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/japanese_text.h"
#include "base/json.h"
#include "ingest/embedded_config.h"

namespace machi::ingest {
namespace {

constexpr std::array<std::pair<std::string_view, ValueKind>, 24> kKinds{{
    {"text", ValueKind::text},
    {"kana", ValueKind::kana},
    {"identifier", ValueKind::identifier},
    {"municipal_code", ValueKind::municipal_code},
    {"corporate_number", ValueKind::corporate_number},
    {"town_id", ValueKind::town_id},
    {"poi_code", ValueKind::poi_code},
    {"postal_code", ValueKind::postal_code},
    {"local_government", ValueKind::local_government},
    {"prefecture", ValueKind::prefecture},
    {"city", ValueKind::city},
    {"address", ValueKind::address},
    {"phone", ValueKind::phone},
    {"url", ValueKind::url},
    {"number", ValueKind::number},
    {"amount", ValueKind::amount},
    {"date", ValueKind::date},
    {"time", ValueKind::time},
    {"weekdays", ValueKind::weekdays},
    {"choice", ValueKind::choice},
    {"flag", ValueKind::flag},
    {"list", ValueKind::list},
    {"latitude", ValueKind::latitude},
    {"longitude", ValueKind::longitude},
}};

constexpr std::string_view kCommonFile = "datasets/_common.json";
constexpr std::string_view kPoiCodesFile = "codes/poi_codes.json";

std::string text_of(const Json& object, std::string_view member) {
  const Json* value = object.find(member);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

std::vector<std::string> texts_of(const Json& object, std::string_view member) {
  std::vector<std::string> out;
  const Json* value = object.find(member);
  if (value == nullptr || !value->is_array()) return out;
  for (const Json& item : value->as_array()) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

/// Reads one definition file; remembers the first thing that is wrong with it.
class DefinitionReader {
 public:
  explicit DefinitionReader(const Json& root) : root_(root) {}

  Result<DatasetDefinition> read() {
    out_.name = text_of(root_, "name");
    out_.type = text_of(root_, "type");
    out_.number = text_of(root_, "number");
    out_.aliases = texts_of(root_, "aliases");
    if (const Json* title = root_.find("title")) {
      out_.title_ja = text_of(*title, "ja");
      out_.title_en = text_of(*title, "en");
    }
    if (out_.name.empty() || out_.type.empty() || out_.title_ja.empty()) complain("name, type or title is missing");
    read_attributes();
    out_.key = indices("key");
    out_.natural_key = indices("natural_key");
    out_.must = indices("must");
    if (const Json* refuse = root_.find("refuse")) {
      out_.refuse_attribute = index_of(text_of(*refuse, "attribute"));
      out_.refuse_values = texts_of(*refuse, "values");
    }
    read_layouts();
    if (!error_.empty()) return fail(ErrorCode::bad_request, error_, out_.name);
    return std::move(out_);
  }

 private:
  void complain(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }
  std::size_t index_of(std::string_view attribute) {
    const auto found = out_.find(attribute);
    if (!found) complain(fmt::format("there is no attribute '{}'", attribute));
    return found.value_or(0);
  }
  std::vector<std::size_t> indices(std::string_view member) {
    std::vector<std::size_t> out;
    for (const std::string& name : texts_of(root_, member)) out.push_back(index_of(name));
    return out;
  }
  void read_attributes() {
    const Json* attributes = root_.find("attributes");
    if (attributes == nullptr || !attributes->is_array()) return complain("attributes are missing");
    for (const Json& item : attributes->as_array()) {
      AttributeDefinition a{.name = text_of(item, "name"), .title = text_of(item, "title")};
      const std::string kind = text_of(item, "kind");
      const auto known = std::ranges::find(kKinds, kind, &std::pair<std::string_view, ValueKind>::first);
      if (a.name.empty() || known == kKinds.end()) {
        return complain(fmt::format("attribute '{}' has no name or the unknown kind '{}'", a.name, kind));
      }
      a.kind = known->second;
      a.unit = text_of(item, "unit");
      a.unit_code = text_of(item, "unit_code");
      a.choices = texts_of(item, "choices");
      a.separators = text_of(item, "separators");
      out_.attributes.push_back(std::move(a));
    }
  }
  void read_layouts() {
    const Json* layouts = root_.find("layouts");
    if (layouts == nullptr || !layouts->is_array()) return complain("layouts are missing");
    for (const Json& item : layouts->as_array()) {
      LayoutDefinition layout{.id = text_of(item, "id"),
                              .title = text_of(item, "title"),
                              .publisher_code = text_of(item, "publisher_code"),
                              .publisher_name = text_of(item, "publisher_name")};
      const Json* columns = item.find("columns");
      if (columns == nullptr || !columns->is_object()) return complain("a layout has no columns");
      for (const auto& [header, meaning] : columns->as_object()) {
        LayoutColumn column{header, spelling_key(header), {}, target(meaning)};
        const auto& attributes = column.target.attributes;
        if (attributes.size() == 1) column.name_key = spelling_key(out_.attributes[attributes[0]].name);
        layout.columns.push_back(std::move(column));
      }
      for (const std::string& header : texts_of(item, "required")) {
        const auto column = std::ranges::find(layout.columns, header, &LayoutColumn::header);
        if (column == layout.columns.end()) return complain(fmt::format("there is no column '{}'", header));
        const auto& attributes = column->target.attributes;
        layout.required.insert(layout.required.end(), attributes.begin(), attributes.end());
      }
      out_.layouts.push_back(std::move(layout));
    }
  }
  ColumnTarget target(const Json& meaning) {
    ColumnTarget out;
    if (meaning.is_string()) out.attributes.push_back(index_of(meaning.as_string()));
    if (!meaning.is_object()) return out;
    if (const std::string name = text_of(meaning, "attribute"); !name.empty()) out.attributes.push_back(index_of(name));
    if (const std::string pair = text_of(meaning, "position"); !pair.empty()) {
      const std::size_t comma = pair.find(',');
      out.attributes = {index_of(pair.substr(0, comma)), index_of(pair.substr(comma + 1))};
    }
    if (const Json* flags = meaning.find("flags"); flags != nullptr && flags->is_object()) {
      for (const auto& [member, attribute] : flags->as_object()) {
        if (attribute.is_string()) out.flags.emplace_back(member, index_of(attribute.as_string()));
      }
    }
    return out;
  }

  const Json& root_;
  DatasetDefinition out_;
  std::string error_;
};

void learn_headings(DatasetDefinition& dataset, const Json& common) {
  // Within one dataset a heading means the same in every layout; a test holds the definitions to that.
  for (const LayoutDefinition& layout : dataset.layouts) {
    for (const LayoutColumn& column : layout.columns) dataset.headings.emplace(column.key, column.target);
  }
  for (std::size_t i = 0; i < dataset.attributes.size(); ++i) {
    dataset.headings.emplace(spelling_key(dataset.attributes[i].name), ColumnTarget{{i}});
    dataset.headings.emplace(spelling_key(dataset.attributes[i].title), ColumnTarget{{i}});
  }
  if (const Json* spellings = common.find("spellings"); spellings != nullptr && spellings->is_object()) {
    for (const auto& [heading, attribute] : spellings->as_object()) {
      const auto index = dataset.find(attribute.is_string() ? attribute.as_string() : std::string());
      if (index) dataset.headings.emplace(spelling_key(heading), ColumnTarget{{*index}});
    }
  }
  for (const std::string& heading : texts_of(common, "ignored")) {
    dataset.headings.emplace(spelling_key(heading), ColumnTarget{});
  }
}

struct NamedText {
  std::string path;
  std::string content;
};

Result<std::vector<NamedText>> definition_files(const std::string& folder) {
  std::vector<NamedText> files;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path.starts_with("datasets/")) files.push_back({std::string(file.path), std::string(file.content)});
  }
  if (folder.empty()) return files;
  std::error_code error;
  std::vector<std::filesystem::path> own;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") own.push_back(entry.path());
  }
  if (error) return fail(ErrorCode::not_found, "the folder of dataset definitions cannot be read", folder);
  std::ranges::sort(own);
  for (const auto& path : own) {
    std::ifstream in(path, std::ios::binary);
    files.push_back({path.string(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return files;
}

}  // namespace

std::optional<std::size_t> DatasetDefinition::find(std::string_view attribute) const {
  const auto it = std::ranges::find(attributes, attribute, &AttributeDefinition::name);
  if (it == attributes.end()) return {};
  return static_cast<std::size_t>(it - attributes.begin());
}

Result<DatasetCatalogue> DatasetCatalogue::load(const std::string& folder) {
  const auto files = definition_files(folder);
  if (!files) return fail(files.error());
  DatasetCatalogue catalogue;
  Json common;
  for (const NamedText& file : *files) {
    const auto json = Json::parse(file.content);
    if (!json) return fail(ErrorCode::bad_request, json.error().message, file.path);
    if (file.path == kCommonFile) {
      common = *json;
      continue;
    }
    auto dataset = DefinitionReader(*json).read();
    if (!dataset) return fail(ErrorCode::bad_request, dataset.error().message, file.path);
    std::erase_if(catalogue.datasets_, [&](const DatasetDefinition& d) { return d.name == dataset->name; });
    catalogue.datasets_.push_back(*std::move(dataset));
  }
  for (DatasetDefinition& dataset : catalogue.datasets_) learn_headings(dataset, common);
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.path != kPoiCodesFile) continue;
    const auto codes = Json::parse(file.content);
    if (!codes) return fail(ErrorCode::bad_request, codes.error().message, std::string(file.path));
    for (const auto& [code, name] : codes->as_object()) catalogue.poi_codes_.emplace(code, name.as_string());
  }
  return catalogue;
}

const DatasetDefinition* DatasetCatalogue::find(std::string_view name) const {
  const std::string key = spelling_key(name);
  for (const DatasetDefinition& dataset : datasets_) {
    if (spelling_key(dataset.name) == key || spelling_key(dataset.title_ja) == key || dataset.number == name ||
        std::ranges::any_of(dataset.aliases, [&](const std::string& alias) { return spelling_key(alias) == key; })) {
      return &dataset;
    }
  }
  return nullptr;
}

}  // namespace machi::ingest

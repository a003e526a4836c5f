#include "ingest/row_mapper.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/japanese_text.h"
#include "base/json_writer.h"
#include "ingest/cell_reader.h"
#include "ingest/codes.h"
#include "ingest/coordinates.h"
#include "ingest/values.h"

namespace machi::ingest {
namespace {

using broker::AttributeChange;

constexpr std::string_view kFlagSeparators = " \t　、,;；";

std::string hash16(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

/// What the row's cells say about one attribute.
struct Slot {
  std::string raw{};
  std::string column{};  ///< heading it comes from; empty: no column of the file names the attribute
  std::optional<TypedValue> value{};
};

/// The work on one record, step by step.
class RowMapping {
 public:
  RowMapping(const DatasetCatalogue& catalogue, const HeaderMatch& match, const MappingOptions& options)
      : catalogue_(catalogue),
        match_(match),
        dataset_(*match.dataset),
        options_(options),
        slots_(dataset_.attributes.size()) {}

  MappedRow run(const Record& record) {
    collect(record);
    find_context();
    read_cells();
    place_spilled();
    read_location();
    split_city();
    if (refuses()) return std::move(out_);
    build();
    return std::move(out_);
  }

 private:
  [[nodiscard]] const TypedValue* value_of(std::string_view attribute) const {
    const auto index = dataset_.find(attribute);
    return index && slots_[*index].value ? &*slots_[*index].value : nullptr;
  }
  [[nodiscard]] std::string text_of(std::string_view attribute) const {
    const TypedValue* value = value_of(attribute);
    return value == nullptr ? std::string() : value->text;
  }
  [[nodiscard]] std::string raw_of(std::string_view attribute) const {
    const auto index = dataset_.find(attribute);
    return index ? slots_[*index].raw : std::string();
  }
  void find(MessageCode code, std::string column, std::string before = {}, std::string after = {},
            std::string detail = {}) {
    out_.findings.push_back({code, std::move(column), std::move(before), std::move(after), std::move(detail)});
  }

  void collect(const Record& record);
  void collect_cell(const MatchedColumn& column, const std::string& cell);
  void raise_flags(const MatchedColumn& column, const std::string& cell);
  void find_context();
  void read_cells();
  void place_spilled();
  void read_location();
  void split_city();
  bool refuses();
  void build();
  void add(std::string name, std::string type, std::string json, const std::string& unit_code = {});
  [[nodiscard]] std::string row_id();

  const DatasetCatalogue& catalogue_;
  const HeaderMatch& match_;
  const DatasetDefinition& dataset_;
  const MappingOptions& options_;
  std::vector<Slot> slots_;
  std::vector<std::pair<std::string, std::string>> additional_{};  ///< heading and text of unknown columns
  std::vector<std::pair<std::string, std::string>> spilled_{};
  std::string prefecture_{};
  std::string municipality_{};
  std::optional<Position> position_{};
  MappedRow out_{};
};

void RowMapping::collect(const Record& record) {
  for (std::size_t i = 0; i < match_.columns.size(); ++i) {
    static const std::string kBlank;
    collect_cell(match_.columns[i], i < record.fields.size() ? record.fields[i] : kBlank);
  }
}

void RowMapping::collect_cell(const MatchedColumn& column, const std::string& cell) {
  const bool blank = trim_blanks(cell).empty();
  if (!column.known) {
    if (!blank) additional_.emplace_back(column.header, std::string(trim_blanks(cell)));
    return;
  }
  if (!column.target.flags.empty() && !blank) raise_flags(column, cell);
  if (column.target.attributes.size() == 2) {
    const std::size_t comma = cell.find(',');
    const auto [first, second] = std::pair(column.target.attributes[0], column.target.attributes[1]);
    slots_[first] = {cell.substr(0, comma), column.header};
    slots_[second] = {comma == std::string::npos ? std::string() : cell.substr(comma + 1), column.header};
    return;
  }
  if (column.target.attributes.empty()) return;
  Slot& slot = slots_[column.target.attributes[0]];
  if (slot.column.empty() || trim_blanks(slot.raw).empty()) {
    slot.raw = cell;
    slot.column = column.header;
  } else if (dataset_.attributes[column.target.attributes[0]].kind == ValueKind::local_government) {
    // The first generation names prefecture and municipality in two columns.
    if (!blank && !cell.starts_with(slot.raw)) slot.raw += cell;
  } else if (!blank && spelling_key(slot.raw) != spelling_key(cell)) {
    find(MessageCode::columns_disagree, column.header, cell, slot.raw, slot.column);
  }
}

void RowMapping::raise_flags(const MatchedColumn& column, const std::string& cell) {
  const auto members = split_list(cell, kFlagSeparators);
  for (const auto& [member, attribute] : column.target.flags) {
    Slot& slot = slots_[attribute];
    slot.column = column.header;
    const auto matches = [&](const std::string& m) { return spelling_key(m) == spelling_key(member); };
    if (std::ranges::any_of(members, matches)) slot.raw = "1";
  }
  if (!column.target.attributes.empty()) return;
  for (const std::string& m : members) {
    const auto known = [&](const auto& flag) { return spelling_key(flag.first) == spelling_key(m); };
    if (std::ranges::none_of(column.target.flags, known)) find(MessageCode::flag_unknown, column.header, m);
  }
}

void RowMapping::find_context() {
  for (const std::string_view attribute : {"prefecture", "localGovernmentName", "fullAddress"}) {
    prefecture_ = prefecture_code(trim_blanks(raw_of(attribute)));
    if (!prefecture_.empty()) return;
  }
  if (!options_.municipality.empty()) prefecture_ = options_.municipality.substr(0, 2);
}

void RowMapping::read_cells() {
  const RowContext context{prefecture_, options_.municipality};
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const AttributeDefinition& attribute = dataset_.attributes[i];
    if (slot.column.empty() || attribute.kind == ValueKind::latitude || attribute.kind == ValueKind::longitude)
      continue;
    CellReading reading = read_cell(attribute, slot.raw, catalogue_, context);
    for (Finding& finding : reading.findings) {
      finding.column = slot.column;
      if (finding.code == MessageCode::phone_remark_split && !reading.spilled.empty()) {
        const auto target = dataset_.find(reading.spilled.back().first);
        finding.detail = target ? dataset_.attributes[*target].title : "additionalItems";
      }
      out_.findings.push_back(std::move(finding));
    }
    slot.value = std::move(reading.value);
    for (auto& [name, text] : reading.spilled) spilled_.emplace_back(name, std::move(text));
  }
}

void RowMapping::place_spilled() {
  for (auto& [name, text] : spilled_) {
    const auto index = dataset_.find(name);
    if (index && !slots_[*index].value) {
      slots_[*index].value = text_value(std::move(text));
      if (slots_[*index].column.empty()) slots_[*index].column = name;
    } else {
      additional_.emplace_back(index ? dataset_.attributes[*index].title : name, std::move(text));
    }
  }
}

void RowMapping::read_location() {
  const auto latitude = dataset_.find("latitude");
  const auto longitude = dataset_.find("longitude");
  if (!latitude || !longitude) return;
  const Slot& first = slots_[*latitude];
  const Slot& second = slots_[*longitude];
  const auto position = read_position(first.raw, second.raw);
  const std::string column = first.column == second.column ? first.column : first.column + "・" + second.column;
  const std::string before = fmt::format("{}, {}", trim_blanks(first.raw), trim_blanks(second.raw));
  if (!position) {
    find(position.error(), column, before);
    return;
  }
  position_ = *position;
  if (position_ && position_->repair) {
    find(*position_->repair, column, before, fmt::format("{}, {}", position_->latitude, position_->longitude));
  }
}

void RowMapping::split_city() {
  const auto city = dataset_.find("city");
  if (!city || !slots_[*city].value) return;
  std::string government = text_of("localGovernmentName");
  government.erase(0, prefecture_name(government).size());
  const std::string before = slots_[*city].value->text;
  const std::string_view prefecture = prefecture_name(before);
  const std::string rest = before.substr(prefecture.size());
  if (government.empty() || !rest.starts_with(government) || before == government) return;
  slots_[*city].value = text_value(government);
  const auto address = dataset_.find("fullAddress");
  if (address && !slots_[*address].value && rest != government) {
    slots_[*address].value = text_value((prefecture.empty() ? text_of("prefecture") : std::string(prefecture)) + rest);
    slots_[*address].column = slots_[*city].column;
  }
  find(MessageCode::address_in_city, slots_[*city].column, before, government);
}

bool RowMapping::refuses() {
  const auto left_out = [](const Finding& f) { return message_info(f.code).severity == Severity::left_out; };
  if (options_.strict && std::ranges::any_of(out_.findings, left_out)) {
    find(MessageCode::row_strict, {});
    return true;
  }
  for (const std::size_t must : dataset_.must) {
    if (slots_[must].value) continue;
    find(MessageCode::row_without_value,
         slots_[must].column.empty() ? dataset_.attributes[must].title : slots_[must].column);
    return true;
  }
  if (dataset_.refuse_attribute) {
    const Slot& slot = slots_[*dataset_.refuse_attribute];
    if (slot.value && std::ranges::find(dataset_.refuse_values, slot.value->text) != dataset_.refuse_values.end()) {
      find(MessageCode::row_not_public, slot.column, slot.value->text);
      return true;
    }
  }
  municipality_ = text_of("localGovernmentCode");
  if (municipality_.empty()) municipality_ = options_.municipality;
  if (municipality_.empty()) municipality_ = match_.layout->publisher_code;
  if (municipality_.empty()) {
    find(MessageCode::row_without_municipality, {});
    return true;
  }
  return false;
}

std::string RowMapping::row_id() {
  static const RE2 plain(R"([A-Za-z0-9._-]{1,64})");
  std::string own;
  const bool complete = !dataset_.key.empty() &&
                        std::ranges::all_of(dataset_.key, [&](std::size_t k) { return slots_[k].value.has_value(); });
  if (complete) {
    for (const std::size_t k : dataset_.key) own += (own.empty() ? "" : "-") + slots_[k].value->text;
    out_.keyed = true;
    return RE2::FullMatch(own, plain) ? own : hash16(own);
  }
  for (const std::size_t k : dataset_.natural_key) {
    const Slot& slot = slots_[k];
    own += spelling_key(slot.value ? slot.value->text : std::string(trim_blanks(slot.raw)));
    own += '\x1F';
  }
  return hash16(own);
}

void RowMapping::add(std::string name, std::string type, std::string json, const std::string& unit_code) {
  AttributeChange attribute{.name = std::move(name), .type = std::move(type), .value = std::move(json)};
  if (!unit_code.empty()) attribute.metadata.push_back({"unitCode", "Text", "\"" + unit_code + "\""});
  out_.change->attributes.push_back(std::move(attribute));
}

void RowMapping::build() {
  out_.change.emplace();
  broker::EntityChange& change = *out_.change;
  change.tenant = options_.tenant;
  change.id = fmt::format("urn:ngsi-ld:{}:{}-{}-{}", dataset_.type, municipality_, dataset_.name, row_id());
  change.type = dataset_.type;
  change.service_path = options_.service_path;
  change.action = broker::ChangeAction::upsert;
  change.correlator = options_.correlator;
  change.principal = options_.principal;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const AttributeDefinition& attribute = dataset_.attributes[i];
    Slot& slot = slots_[i];
    if (attribute.kind == ValueKind::longitude) continue;
    if (attribute.kind == ValueKind::latitude) {
      if (position_) add("location", "geo:json", position_->to_geojson());
      if (!position_ && !slot.column.empty()) out_.blank.emplace_back("location");
    } else if (slot.value) {
      add(attribute.name, slot.value->type, slot.value->json, attribute.unit_code);
    } else if (attribute.name == "localGovernmentCode") {
      add(attribute.name, "Text", text_value(municipality_).json);
    } else if (!slot.column.empty()) {
      out_.blank.push_back(attribute.name);
    }
  }
  for (const std::size_t i : match_.layout->required) {
    // A blank flag says no.
    if (dataset_.attributes[i].kind == ValueKind::flag || slots_[i].column.empty()) continue;
    if (trim_blanks(slots_[i].raw).empty()) out_.missing.push_back(i);
  }
  if (!additional_.empty()) {
    std::string json;
    JsonWriter writer(json);
    writer.begin_object();
    for (const auto& [heading, text] : additional_) writer.key(heading).string(text);
    writer.end_object();
    add("additionalItems", "StructuredValue", json);
  } else {
    out_.blank.emplace_back("additionalItems");
  }
  std::string provider = options_.data_provider;
  if (provider.empty()) provider = match_.layout->publisher_name;
  if (provider.empty()) provider = text_of("localGovernmentName");
  for (const auto& [name, text] : {std::pair("dataProvider", provider), std::pair("source", options_.source),
                                   std::pair("license", options_.license)}) {
    if (!text.empty()) add(name, "Text", text_value(text).json);
  }
  for (const auto& [name, text] : options_.extra) add(name, "Text", text_value(text).json);
}

}  // namespace

MappedRow RowMapper::map(const Record& record) const {
  return RowMapping(catalogue_, match_, options_).run(record);
}

}  // namespace machi::ingest

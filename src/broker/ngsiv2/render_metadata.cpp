#include "broker/ngsiv2/render_metadata.h"

#include <algorithm>
#include <vector>

#include "base/json_writer.h"
#include "broker/model/attribute_types.h"

namespace machi::broker::ngsiv2 {
namespace {

void append_metadata(std::string_view name, std::string_view type, std::string_view value, std::string& out) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append(R"(":{"type":")").append(type).append(R"(","value":)");
  if (is_date_type(type)) {
    append_date_value(value, out);
  } else {
    out += value;
  }
  out += '}';
}

void append_built_in(std::string_view name, const AttributeView& attribute, const ChangeNote* note, std::string& out) {
  if (name == "dateCreated" || name == "dateModified") {
    // What stands for a built-in attribute has no times.
    const std::string_view digits = name == "dateCreated" ? attribute.created : attribute.modified;
    if (digits.empty()) return;
    append_metadata(name, "DateTime", '"' + to_iso8601_milliseconds(stored_time(digits)) + '"', out);
    return;
  }
  const AttributeNote* const changed = note ? note->find(attribute.name) : nullptr;
  if (!changed) return;
  if (name == "actionType" && !changed->action_type.empty()) {
    append_metadata(name, "Text", '"' + std::string(changed->action_type) + '"', out);
  }
  if (name == "previousValue" && changed->previous) {
    std::string type;
    JsonWriter::append_quoted(type, changed->previous_type);
    append_metadata(name, std::string_view(type).substr(1, type.size() - 2), *changed->previous, out);
  }
}

void render_filtered(const AttributeView& attribute, const RenderOptions& options, std::string& out) {
  std::vector<MetadataView> own;
  MetadataCursor cursor(attribute.metadata);
  for (MetadataView m; cursor.next(m);) own.push_back(m);
  const NameFilter& filter = options.metadata;
  if (filter.has_all()) {
    for (const MetadataView& m : own) append_metadata(m.name, m.type, m.value, out);
  }
  for (const std::string& name : filter.names()) {
    const auto it = std::ranges::find(own, name, &MetadataView::name);
    if (it == own.end()) {
      append_built_in(name, attribute, options.note, out);
    } else if (!filter.has_all()) {
      append_metadata(it->name, it->type, it->value, out);
    }
  }
}

/// Whether a metadata of a date type may be among them: then they cannot be copied as they stand.
bool may_hold_dates(std::string_view metadata) {
  return metadata.contains(R"("type":"DateTime")") || metadata.contains(R"("type":"ISO8601")");
}

}  // namespace

void render_metadata(const AttributeView& attribute, const RenderOptions& options, std::string& out) {
  if (options.metadata.is_empty() && !may_hold_dates(attribute.metadata)) {
    out += attribute.metadata.empty() ? std::string_view("{}") : attribute.metadata;
    return;
  }
  out += '{';
  if (options.metadata.is_empty()) {
    MetadataCursor cursor(attribute.metadata);
    for (MetadataView m; cursor.next(m);) append_metadata(m.name, m.type, m.value, out);
  } else {
    render_filtered(attribute, options, out);
  }
  out += '}';
}

void append_date_value(std::string_view json, std::string& out) {
  constexpr std::size_t kMilliseconds = std::string_view(R"("2026-11-23T05:06:07.089Z")").size();
  constexpr std::size_t kMicroseconds = kMilliseconds + 3;
  if (json.size() != kMicroseconds || !json.ends_with("Z\"")) {
    out += json;
    return;
  }
  out.append(json.substr(0, kMilliseconds - 2)).append("Z\"");
}

}  // namespace machi::broker::ngsiv2

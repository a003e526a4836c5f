#include "broker/ngsiv2/render.h"

#include <algorithm>
#include <span>

#include "base/json_writer.h"
#include "broker/model/attribute_types.h"
#include "broker/model/geometry.h"
#include "broker/ngsiv2/render_metadata.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr std::string_view kExpiry = "dateExpires";

std::string escaped(std::string_view text) {
  std::string quoted;
  JsonWriter::append_quoted(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string quoted_date(Timestamp t) {
  return '"' + to_iso8601_milliseconds(t) + '"';
}

/// What an answer shows as an attribute: one of the document, or one made of the entity's own data.
struct Shown {
  AttributeView view;
  std::string own{};  // holds the value of a built-in attribute

  [[nodiscard]] AttributeView attribute() const {
    AttributeView a = view;
    if (!own.empty()) a.value = own;
    return a;
  }
};

Shown built_in(std::string_view name, std::string_view type, std::string value) {
  Shown out{.own = std::move(value)};
  out.view.name = name;
  out.view.type = type;
  return out;
}

/// Chooses attributes, in the order in which they are shown.
class Selection {
 public:
  Selection(const EntityRow& entity, const RenderOptions& options) : entity_(entity), options_(options) {
    DocumentCursor cursor(entity.document);
    for (AttributeView view; cursor.next(view);) {
      if (view.dataset.empty()) views_.push_back(view);
    }
    // In an array the order shows: unless `attrs` gives one it is that of the names, which clients are used to.
    if (options.form == Form::values || options.form == Form::unique)
      std::ranges::sort(views_, {}, &AttributeView::name);
    if (options.attrs.is_empty() || options.exclude) {
      take_unless_excluded();
    } else if (options.attrs.has_all()) {
      take_all();
    } else {
      take_named();
    }
  }
  [[nodiscard]] const std::vector<Shown>& shown() const { return shown_; }

 private:
  void take(const AttributeView& view) { shown_.push_back({.view = view}); }

  void take_unless_excluded() {
    for (const AttributeView& view : views_) {
      if (view.name != kExpiry && !options_.attrs.contains(view.name)) take(view);
    }
  }

  void take_all() {
    for (const AttributeView& view : views_) {
      if (view.name != kExpiry || options_.attrs.contains(kExpiry)) take(view);
    }
    for (const std::string& name : options_.attrs.names()) {
      if (!find(name)) take_built_in(name);
    }
  }

  void take_named() {
    for (const std::string& name : options_.attrs.names()) {
      if (const AttributeView* view = find(name)) {
        take(*view);
      } else if (!take_built_in(name) && options_.cover) {
        shown_.push_back(built_in(name, "None", "null"));
      }
    }
  }

  bool take_built_in(std::string_view name) {
    if (name == "dateCreated") {
      shown_.push_back(built_in(name, "DateTime", quoted_date(entity_.created)));
    } else if (name == "dateModified") {
      shown_.push_back(built_in(name, "DateTime", quoted_date(entity_.modified)));
    } else if (name == "servicePath") {
      std::string path;
      JsonWriter::append_quoted(path, entity_.service_path);
      shown_.push_back(built_in(name, "Text", std::move(path)));
    } else if (name == "alterationType" && options_.note && !options_.note->alteration_type.empty()) {
      shown_.push_back(built_in(name, "Text", '"' + std::string(options_.note->alteration_type) + '"'));
    } else {
      return false;
    }
    return true;
  }

  [[nodiscard]] const AttributeView* find(std::string_view name) const {
    const auto it = std::ranges::find(views_, name, &AttributeView::name);
    return it == views_.end() ? nullptr : &*it;
  }

  const EntityRow& entity_;
  const RenderOptions& options_;
  std::vector<AttributeView> views_;
  std::vector<Shown> shown_;
};

void begin_object(const EntityRow& entity, const RenderOptions& options, std::string& out) {
  out += '{';
  if (options.hide_identity) return;
  out += "\"id\":";
  JsonWriter::append_quoted(out, entity.id);
  out += ",\"type\":";
  JsonWriter::append_quoted(out, entity.type);
}

void append_key(std::string_view name, std::string& out) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(name).append("\":");
}

void append_member(const AttributeView& attribute, const RenderOptions& options, std::string& out) {
  append_key(attribute.name, out);
  if (options.form == Form::key_values) {
    render_value(attribute, out);
  } else {
    render_attribute(attribute, options, out);
  }
}

void render_object(const EntityRow& entity, const RenderOptions& options, std::string& out) {
  begin_object(entity, options, out);
  if (options.attrs.is_empty()) {  // the common case needs no selection
    DocumentCursor cursor(entity.document);
    for (AttributeView view; cursor.next(view);) {
      if (view.dataset.empty() && view.name != kExpiry) append_member(view, options, out);
    }
  } else {
    const Selection selection(entity, options);
    for (const Shown& shown : selection.shown()) append_member(shown.attribute(), options, out);
  }
  out += '}';
}

void render_values(const EntityRow& entity, const RenderOptions& options, std::string& out) {
  const Selection selection(entity, options);
  std::vector<std::string> seen;
  out += '[';
  for (const Shown& shown : selection.shown()) {
    std::string value;
    render_value(shown.attribute(), value);
    if (options.form == Form::unique) {
      if (std::ranges::find(seen, value) != seen.end()) continue;
      seen.push_back(value);
    }
    if (out.back() != '[') out += ',';
    out += value;
  }
  out += ']';
}

/// Attributes of type geo:json are shown whole when metadata `ignoreType` says so.
bool ignores_type(std::string_view metadata) {
  MetadataCursor cursor(metadata);
  for (MetadataView m; cursor.next(m);) {
    if (m.name == "ignoreType") return m.value == "true";
  }
  return false;
}

}  // namespace

NameFilter::NameFilter(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    names_.push_back(escaped(name));
    has_all_ |= name == "*";
  }
}

bool NameFilter::contains(std::string_view name) const {
  return std::ranges::find(names_, name) != names_.end();
}

const AttributeNote* ChangeNote::find(std::string_view name) const {
  const auto it = std::ranges::find(attributes, name, &AttributeNote::name);
  return it == attributes.end() ? nullptr : &*it;
}

void render_entity(const EntityRow& entity, const RenderOptions& options, std::string& out) {
  if (options.form == Form::values || options.form == Form::unique) {
    render_values(entity, options, out);
  } else {
    render_object(entity, options, out);
  }
}

std::optional<AttributeView> find_attribute(std::string_view document, std::string_view name) {
  const std::string key = escaped(name);
  DocumentCursor cursor(document);
  for (AttributeView view; cursor.next(view);) {
    if (view.dataset.empty() && view.name == key) return view;
  }
  return {};
}

void render_attribute(const AttributeView& attribute, const RenderOptions& options, std::string& out) {
  out.append(R"({"type":")").append(attribute.type).append(R"(","value":)");
  render_value(attribute, out);
  out += R"(,"metadata":)";
  render_metadata(attribute, options, out);
  out += '}';
}

void render_value(const AttributeView& attribute, std::string& out) {
  if (is_date_type(attribute.type)) {
    append_date_value(attribute.value, out);
  } else if (attribute.type == "geo:json" && !ignores_type(attribute.metadata)) {
    out += shown_geo_json(attribute.value);
  } else {
    out += attribute.value;
  }
}

}  // namespace machi::broker::ngsiv2

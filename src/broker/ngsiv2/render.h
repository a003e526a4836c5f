#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "broker/model/document.h"
#include "broker/model/entity.h"

namespace machi::broker::ngsiv2 {

/// NGSIv2's representations of an entity.
enum class Form : std::uint8_t { normalized, key_values, values, unique };

/// Which attributes (or metadata) an answer shows, and in which order: the list of `attrs` (`metadata`). Empty: all of
/// the user's, no built-in ones; `*` stands for all of the user's.
class NameFilter {
 public:
  NameFilter() = default;
  explicit NameFilter(const std::vector<std::string>& names);
  [[nodiscard]] bool is_empty() const { return names_.empty(); }
  [[nodiscard]] bool has_all() const { return has_all_; }
  /// `name` is escaped as in JSON.
  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;  // escaped as in JSON, to be compared with stored documents
  bool has_all_ = false;
};

/// What a notification may show of one attribute besides its state.
struct AttributeNote {
  std::string name;                       ///< escaped as in JSON
  std::string_view action_type{};         ///< `append` or `update`; empty: the request did not name the attribute
  std::optional<std::string> previous{};  ///< JSON value before the change
  std::string previous_type{};            ///< not escaped
};

/// What a notification may show of the change that caused it.
struct ChangeNote {
  std::string_view alteration_type{};  ///< `entityChange` and the like
  std::vector<AttributeNote> attributes{};
  [[nodiscard]] const AttributeNote* find(std::string_view name) const;
};

struct RenderOptions {
  Form form = Form::normalized;
  NameFilter attrs{};
  bool exclude = false;  ///< `attrs` are those to leave out (exceptAttrs)
  bool cover = false;    ///< attributes of `attrs` that do not exist are shown with type None and null (covered)
  NameFilter metadata{};
  bool hide_identity = false;  ///< no id and type (GET …/attrs)
  const ChangeNote* note = nullptr;
};

/// An entity as it stands in its row. Views must outlive the call.
struct EntityRow {
  std::string_view id, type, service_path, document;
  Timestamp created{}, modified{};
};

/// Appends the entity, straight from its stored document. Only default instances (no dataset id) are shown;
/// `dateExpires` only when asked for.
void render_entity(const EntityRow& entity, const RenderOptions& options, std::string& out);

/// The default instance of an attribute, nothing when the entity has none of this name (not escaped).
[[nodiscard]] std::optional<AttributeView> find_attribute(std::string_view document, std::string_view name);
/// Appends one attribute: `{"type":…,"value":…,"metadata":{…}}`.
void render_attribute(const AttributeView& attribute, const RenderOptions& options, std::string& out);
/// Appends its value as faces show it: moments with milliseconds, the geometry of a geo:json Feature.
void render_value(const AttributeView& attribute, std::string& out);

}  // namespace machi::broker::ngsiv2

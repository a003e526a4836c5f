#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"

namespace machi::broker {

/// A tenant's number in the database; tenant names are resolved at the edge. Every key starts with it.
struct TenantId {
  std::int32_t value = 0;
  auto operator<=>(const TenantId&) const = default;
};

/// Immutable surrogate key of an entity within its tenant.
struct EntityKey {
  std::int64_t value = 0;
  auto operator<=>(const EntityKey&) const = default;
};

/// JSON in canonical form: minified, UTF-8, escapes only where RFC 8259 demands them, numbers as JsonWriter writes
/// them, members in the order in which they came. Two texts may differ and still denote the same value (order of
/// members): compare with json_equal.
using JsonText = std::string;

/// What an attribute instance is, neutral to the faces (docs/model.md maps NGSIv2 types and NGSI-LD kinds).
enum class AttributeKind : std::uint8_t { property, relationship, geometry, language_map, vocabulary, json, list };

struct Metadata {
  std::string name;
  std::string type;
  JsonText value;
  bool operator==(const Metadata&) const = default;
};

struct Attribute {
  std::string name;
  std::string type;  ///< NGSIv2 type
  JsonText value = "null";
  std::vector<Metadata> metadata{};  ///< in the order in which they came
  Timestamp created{};
  Timestamp modified{};
  AttributeKind kind = AttributeKind::property;
  std::string dataset{};  ///< NGSI-LD datasetId; empty for the default instance
  std::optional<Timestamp> observed{};
  bool operator==(const Attribute&) const = default;

  [[nodiscard]] const Metadata* find_metadata(std::string_view metadata_name) const;
};

/// An entity as it stands in the store. NGSIv2 uniqueness: (tenant, id, type, service path).
struct Entity {
  TenantId tenant{};
  EntityKey key{};
  std::string id;
  std::string type;
  std::string service_path = "/";
  std::vector<Attribute> attributes{};  ///< in the order of creation
  Timestamp created{};
  Timestamp modified{};
  std::optional<Timestamp> expires{};
  std::int64_t version = 0;  ///< grows by one with every accepted change

  [[nodiscard]] const Attribute* find(std::string_view attribute) const;
  [[nodiscard]] Attribute* find(std::string_view attribute);
};

/// The stored document: attributes only; keys, times and version of the entity are columns of its row.
/// `{"temperature":{"type":"Number","value":23.5,"created":1764000000000000,"modified":1764000000000000,"metadata":{"accuracy":{"type":"Number","value":1}}},…}`;
/// members that have their default (kind property, no dataset, no metadata, no observation time) are left out. Several
/// instances of one attribute (datasets) stand as an array of such objects.
[[nodiscard]] std::string to_document(const std::vector<Attribute>& attributes);
/// Reads back what to_document wrote. Error internal if the text is not such a document.
[[nodiscard]] Result<std::vector<Attribute>> from_document(std::string_view document);

}  // namespace machi::broker

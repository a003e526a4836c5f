#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "db/connection.h"
#include "net/router.h"

// One declaration a resource (rule 4 of the design): what staff manage is declared here once, as data. Validation,
// routes, OpenAPI, the file of export and import, and the audit record follow from it (docs/resources.md).
namespace machi::core {

/// A text in both languages of the screens.
struct Words {
  std::string_view ja;
  std::string_view en;
};

enum class FieldType : std::uint8_t { boolean, integer, text };

struct ResourceField {
  std::string_view name;
  FieldType type = FieldType::text;
  Words label{};
  Words help{};
  bool required = false;
  bool immutable = false;  ///< set at creation, never changed; fields of the key always are
  bool secret = false;     ///< taken, stored, and shown as `***` in answers, files and audit records
  bool read_only = false;  ///< Machi's own: part of the state, ignored when sent
  std::optional<Json> fallback{};
  std::optional<std::int64_t> least{}, most{};  ///< of an integer
  std::size_t shortest = 0, longest = 256;      ///< of a text, in characters (Unicode code points)
  std::vector<std::string_view> one_of{};
  std::vector<std::string_view> none_of{};
  std::string_view pattern{};  ///< RE2 that a text matches as a whole
};

/// A rule over several fields. A field counts as given when it has a value (its default included).
struct CrossRule {
  enum class Kind : std::uint8_t {
    ordered,      ///< the first field is not greater than the second
    exclusive,    ///< at most one of the fields is given
    together,     ///< all are given or none
    required_if,  ///< when the first field has `value`, the others are given
  };
  Kind kind;
  std::vector<std::string_view> fields;
  std::string_view value{};
};

/// How the rows of a kind are read and written. All have the parameters $1 tenant (int, 0 for kinds that belong to the
/// platform) and $2 kind (text); every parameter must occur in the text. Columns of list, get and lock: id, document,
/// state, revision, created, modified, modified_by.
struct ResourceStatements {
  db::Statement list;    ///< $3 limit, $4 offset; ordered by id
  db::Statement count;   ///< one row, one column
  db::Statement get;     ///< $3 id
  db::Statement lock;    ///< $3 id; the row locked
  db::Statement insert;  ///< $3 id, $4 document, $5 principal; an existing row is a unique violation
  db::Statement update;  ///< $3 id, $4 document, $5 principal; the revision grows
  db::Statement remove;  ///< $3 id
};

/// Rows of machi.resource.
extern const ResourceStatements kResourceTable;

struct ResourceDeclaration {
  std::string_view kind;      ///< in the database and in audit records of the command line: `history_retention`
  std::string_view path;      ///< below /resources: `history-retentions`
  std::string_view singular;  ///< in operations: `HistoryRetention`
  std::string_view plural;    ///< in operations: `HistoryRetentions`
  Words label;
  Words help;
  /// The fields that make the id, in order: their values joined by commas; a comma or percent sign in a value of
  /// several is percent-encoded. A single field is the id as it is.
  std::vector<std::string_view> key;
  std::vector<ResourceField> fields;
  std::vector<CrossRule> rules{};
  bool per_tenant = true;  ///< belongs to the tenant that Fiware-Service names
  bool removable = true;
  net::Permission read;
  net::Permission write;
  net::DataClass data_class = net::DataClass::internal;
  const ResourceStatements* statements = &kResourceTable;

  [[nodiscard]] const ResourceField* find(std::string_view field) const;
  [[nodiscard]] bool is_key(std::string_view field) const;
};

/// What is wrong with one field. `code` is for programs (and for screens that say it in the reader's language).
struct FieldFault {
  std::string field;
  std::string_view code;
  std::string detail;

  bool operator==(const FieldFault&) const = default;
};

/// Members that every resource has besides its fields; ignored when they are sent.
[[nodiscard]] bool is_envelope(std::string_view member);

/// What is shown instead of a secret; sent back, it leaves the secret as it is.
inline constexpr std::string_view kSecretMask = "***";

/// The whole document that `body` stands for: known fields only, in declared order, defaults filled in, secrets kept
/// from `current` where they are not given. Otherwise all faults at once.
[[nodiscard]] std::expected<Json, std::vector<FieldFault>> complete(const ResourceDeclaration& declaration,
                                                                    const Json& body, const Json* current);

/// `current` changed as a JSON merge patch says (RFC 7396): null takes a field back to its default.
[[nodiscard]] Json patched(const ResourceDeclaration& declaration, const Json& current, const Json& patch);

/// The id of a complete document, and the key fields that an id stands for (empty when it cannot be one).
[[nodiscard]] std::string id_of(const ResourceDeclaration& declaration, const Json& document);
[[nodiscard]] std::vector<std::string> key_of(const ResourceDeclaration& declaration, std::string_view id);

/// The document as it may be seen: secrets masked.
[[nodiscard]] Json masked(const ResourceDeclaration& declaration, Json document);

/// Throws std::logic_error for a declaration that contradicts itself (an unknown field in a key or rule, a default that
/// the field itself refuses, a name of the envelope): a bug of the program, found at its start.
void check_declaration(const ResourceDeclaration& declaration);

}  // namespace machi::core

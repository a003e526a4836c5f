#pragma once
#include <simdjson.h>

#include <string_view>

#include "base/result.h"
#include "broker/model/change.h"
#include "broker/ngsiv2/names.h"

namespace machi::broker::ngsiv2 {

/// How attributes stand in a body: with type, value and metadata, or (options=keyValues) as bare values.
enum class AttributeForm : std::uint8_t { normalized, key_values };

/// Reads one member of an entity object as an attribute. Absent types and values become what NGSIv2 says: the default
/// type of the value, and null; a moment becomes canonical; `{"$inc":1}` becomes operators (whose type stays absent
/// when the request names none). Errors: bad_request and parse_error with the sentences that clients know.
[[nodiscard]] Result<AttributeChange> read_attribute(std::string_view name, simdjson::dom::element value,
                                                     AttributeForm form, Rules rules);

/// The body of `PUT …/attrs/{name}`.
[[nodiscard]] Result<AttributeChange> parse_attribute(std::string_view name, std::string_view body, Rules rules);

/// The body of `PUT …/attrs/{name}/value` as application/json: an object or an array. Type and metadata stay absent.
[[nodiscard]] Result<AttributeChange> parse_json_value(std::string_view name, std::string_view body, Rules rules);
/// The same as text/plain: `"text"`, true, false, null, or a number.
[[nodiscard]] Result<AttributeChange> parse_text_value(std::string_view name, std::string_view body, Rules rules);

}  // namespace machi::broker::ngsiv2

#pragma once
#include <optional>
#include <string_view>

#include "broker/model/entity.h"

namespace machi::broker {

/// What a JSON text is, told by its first character. Canonical text only.
enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };
[[nodiscard]] JsonKind json_kind(std::string_view json);

/// The type that an attribute or metadata gets when the request names none (NGSIv2 "Partial Representations"):
/// Text, Number, Boolean, StructuredValue, None.
[[nodiscard]] std::string_view default_type(std::string_view value);

/// The NGSIv2 type of entities for which none is given.
inline constexpr std::string_view kDefaultEntityType = "Thing";

/// `DateTime` or `ISO8601`: the value is a moment.
[[nodiscard]] bool is_date_type(std::string_view type);
/// `geo:json`, `geo:point`, `geo:line`, `geo:box` or `geo:polygon`: the value is a place.
[[nodiscard]] bool is_geo_type(std::string_view type);

/// The kind that an NGSIv2 type stands for when nothing else is said (docs/model.md, "Kinds").
[[nodiscard]] AttributeKind kind_of_type(std::string_view type);
[[nodiscard]] std::string_view name_of(AttributeKind kind);
[[nodiscard]] std::optional<AttributeKind> parse_kind(std::string_view name);

}  // namespace machi::broker

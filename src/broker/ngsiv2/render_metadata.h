#pragma once
#include <string>
#include <string_view>

#include "broker/ngsiv2/render.h"

namespace machi::broker::ngsiv2 {

/// Appends the object of an attribute's metadata, with the built-in ones that `options.metadata` names: dateCreated,
/// dateModified; in notifications also actionType and previousValue. A user's metadata of such a name goes before it.
void render_metadata(const AttributeView& attribute, const RenderOptions& options, std::string& out);

/// Appends a moment's value with milliseconds; anything that is no such text as it is.
void append_date_value(std::string_view json, std::string& out);

}  // namespace machi::broker::ngsiv2

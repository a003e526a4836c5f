#pragma once
#include <string>

#include "base/json.h"

namespace machi::core {

/// A JSON value as YAML 1.2 in block style, for files that people read: a line a member, texts quoted where YAML would
/// read something else, long prose in the quoted form.
[[nodiscard]] std::string to_yaml(const Json& value);

}  // namespace machi::core

#pragma once
#include <string_view>

#include "base/result.h"

namespace machi::broker::ngsiv2 {

/// What a tenant's NGSIv2 face refuses.
struct Rules {
  /// Orion's characters < > " ' = ; ( ) in values, identifiers and URLs (setting ngsiv2.forbidden_characters).
  bool forbid_characters = false;
};

inline constexpr std::size_t kMaxIdentifierBytes = 256;

/// Whether one of < > " ' = ; ( ) stands in the text, other than those in `allowed`.
[[nodiscard]] bool has_forbidden_characters(std::string_view text, std::string_view allowed = {});

/// Whether the text breaks the "Identifiers syntax restrictions": plain ASCII without controls, blanks, & ? / #, and
/// without the forbidden characters where the rules refuse them. Length is not looked at.
[[nodiscard]] bool has_bad_identifier_characters(std::string_view text, Rules rules);

/// `what` is "entity id", "entity type", "attribute name", "attribute type", "metadata name" or "metadata type".
/// Errors: bad_request, naming it.
[[nodiscard]] Result<> check_identifier(std::string_view what, std::string_view text, Rules rules);

}  // namespace machi::broker::ngsiv2

#include "broker/ngsiv2/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr std::string_view kForbidden = "<>\"'=;()";

}  // namespace

bool has_forbidden_characters(std::string_view text, std::string_view allowed) {
  return std::ranges::any_of(text, [&](char c) { return kForbidden.contains(c) && !allowed.contains(c); });
}

bool has_bad_identifier_characters(std::string_view text, Rules rules) {
  return std::ranges::any_of(text, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 32 || byte >= 127) return true;
    if (c == '&' || c == '?' || c == '/' || c == '#') return true;
    return rules.forbid_characters && kForbidden.contains(c);
  });
}

Result<> check_identifier(std::string_view what, std::string_view text, Rules rules) {
  if (text.empty()) return errors::bad_request(fmt::format("{} length: 0, min length supported: 1", what));
  if (text.size() > kMaxIdentifierBytes) {
    return errors::bad_request(
        fmt::format("{} length: {}, max length supported: {}", what, text.size(), kMaxIdentifierBytes));
  }
  if (has_bad_identifier_characters(text, rules)) {
    return errors::bad_request(fmt::format("Invalid characters in {}", what));
  }
  return {};
}

}  // namespace machi::broker::ngsiv2

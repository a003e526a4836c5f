#include "broker/ngsiv2/batch_outcome.h"

#include "broker/model/change.h"

namespace machi::broker::ngsiv2 {
namespace {

/// How far an entity's change, or the batch as a whole, was applied.
enum class Coverage : std::uint8_t { full, partial, no_attribute, no_entity };

std::optional<Coverage> coverage_of(const BatchItem& item) {
  if (!item.refused) return Coverage::full;
  switch (item.refused->code) {
    case ErrorCode::not_found:
      return Coverage::no_entity;
    case ErrorCode::unprocessable:
      // Without a subject it is an update operator that failed.
      if (item.refused->field.empty()) return std::nullopt;
      return Coverage::no_attribute;
    case ErrorCode::partial_update:
      return Coverage::partial;
    default:
      return std::nullopt;
  }
}

/// Nothing applied so far and nothing now stays that; any mixture is partial.
Coverage join(Coverage so_far, Coverage next) {
  const auto is_nothing = [](Coverage c) { return c == Coverage::no_attribute || c == Coverage::no_entity; };
  if (so_far == next) return so_far;
  if (is_nothing(so_far) && is_nothing(next)) return Coverage::no_attribute;
  return Coverage::partial;
}

void append_refusal(std::string& sentence, const BatchItem& item) {
  const bool first = sentence.empty();
  if (item.refused->code == ErrorCode::not_found) {
    if (first) sentence = kDoNotExist;
    sentence += first ? item.label + " - [entity itself]" : ", " + item.label + " [entity itself]";
  } else {
    sentence += first ? item.refused->message : ", " + item.refused->field;
  }
}

}  // namespace

std::optional<Error> merge_outcomes(const std::vector<BatchItem>& items) {
  std::optional<Coverage> total;
  std::optional<ErrorCode> first_code;
  std::string sentence;
  for (const BatchItem& item : items) {
    const auto coverage = coverage_of(item);
    if (!coverage) return item.refused;
    total = total ? join(*total, *coverage) : *coverage;
    if (!item.refused) continue;
    if (!first_code) first_code = item.refused->code;
    append_refusal(sentence, item);
  }
  if (!first_code) return {};
  if (*total == Coverage::partial) return Error{ErrorCode::partial_update, std::move(sentence), {}};
  return Error{*first_code, std::move(sentence), {}};
}

}  // namespace machi::broker::ngsiv2

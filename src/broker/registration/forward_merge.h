#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/registration/provider_answer.h"

namespace machi::broker {

/// Paging over all providers' entities, which stand behind the local ones in the order of the forwards.
struct ProviderPaging {
  std::int64_t skip = 0;  ///< entities of providers before the page begins
  std::int64_t take = 0;  ///< entities of providers that the page has room for

  /// Goes past one provider's answer; gives the part of its entities that belongs to the page.
  [[nodiscard]] std::span<Entity> advance(ProvidedEntities& answer);
};
[[nodiscard]] ProviderPaging provider_paging(const ForwardQuestion& question, const LocalEntities& local);

/// Puts providers' answers behind and into the local entities. `answers` stand in the order of the forwards; absent:
/// the forward failed. Attributes that are known locally, or from an older registration, stay as they are. What was not
/// asked for is dropped.
[[nodiscard]] LocalEntities merge_answers(LocalEntities local, const ForwardQuestion& question,
                                          const std::vector<QueryForward>& forwards,
                                          std::vector<std::optional<ProvidedEntities>> answers);

/// How an update that had to be forwarded ends.
struct UpdateVerdict {
  enum class Kind : std::uint8_t { done, partial, not_found };
  Kind kind = Kind::done;
  std::string description{};  ///< for partial: which attributes were not updated, in the words that clients know
};

/// `untaken`: of each forward, in order.
[[nodiscard]] UpdateVerdict judge_update(const UpdatePlan& plan, const std::vector<std::vector<Untaken>>& untaken);

}  // namespace machi::broker

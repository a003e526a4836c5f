#include "broker/registration/forward_merge.h"

#include <algorithm>
#include <unordered_map>

#include "broker/query/matcher.h"

namespace machi::broker {
namespace {

bool is_asked(const ForwardQuestion& question, const Entity& entity) {
  return question.selectors.empty() || std::ranges::any_of(question.selectors, [&](const auto& selector) {
           return query::selects(selector, entity.id, entity.type);
         });
}

void drop_unasked_attributes(const QueryForward& forward, Entity& entity) {
  if (forward.attributes.empty()) return;
  std::erase_if(entity.attributes, [&](const Attribute& attribute) {
    return std::ranges::find(forward.attributes, attribute.name) == forward.attributes.end();
  });
}

/// The result under way, found by id and type.
class Merger {
 public:
  explicit Merger(LocalEntities local) : result_(std::move(local)) {
    for (std::size_t i = 0; i < result_.page.size(); ++i) places_.emplace(key(result_.page[i]), i);
  }

  /// Adds attributes to the entity if it is there. False: it is not.
  bool complete(Entity& entity) {
    const auto place = places_.find(key(entity));
    if (place == places_.end()) return false;
    auto& known = result_.page[place->second];
    for (auto& attribute : entity.attributes) {
      if (known.find(attribute.name) == nullptr) known.attributes.push_back(std::move(attribute));
    }
    return true;
  }

  void add(Entity entity) {
    places_.emplace(key(entity), result_.page.size());
    result_.page.push_back(std::move(entity));
  }

  void count(std::int64_t more) { result_.total += more; }
  LocalEntities take() { return std::move(result_); }

 private:
  static std::string key(const Entity& entity) { return entity.id + '\0' + entity.type; }
  LocalEntities result_;
  std::unordered_map<std::string, std::size_t> places_;
};

bool has_id(const QueryForward& forward, const Entity& entity) {
  return entity.id == forward.entity.id;
}

void merge_completion(Merger& merger, const QueryForward& forward, ProvidedEntities& answer) {
  for (auto& entity : answer.entities) {
    if (has_id(forward, entity)) merger.complete(entity);
  }
}

void merge_slice(Merger& merger, ProvidedEntities& answer, ProviderPaging& paging) {
  merger.count(answer.total);
  for (auto& entity : paging.advance(answer)) {
    if (!merger.complete(entity)) merger.add(std::move(entity));
  }
}

// ---- updates

/// Names of attributes by entity, in the order in which they came.
class FailedAttributes {
 public:
  void add(const Untaken& untaken) {
    const auto found = std::ranges::find_if(
        parts_, [&](const Untaken& part) { return part.id == untaken.id && part.type == untaken.type; });
    auto& part = found == parts_.end() ? parts_.emplace_back(Untaken{untaken.id, untaken.type, {}}) : *found;
    part.attributes.insert(part.attributes.end(), untaken.attributes.begin(), untaken.attributes.end());
  }
  [[nodiscard]] bool is_empty() const { return parts_.empty(); }

  [[nodiscard]] std::string describe() const {
    std::string list;
    for (const auto& part : parts_) {
      if (!list.empty()) list += ", ";
      list += part.id + "-" + part.type + " : [";
      for (std::size_t i = 0; i < part.attributes.size(); ++i) list += (i == 0 ? "" : ", ") + part.attributes[i];
      list += "]";
    }
    return "Some of the following attributes were not updated: { " + list + " }";
  }

 private:
  std::vector<Untaken> parts_;
};

bool took_any(const UpdateForward& forward, const std::vector<Untaken>& untaken) {
  std::size_t sent = 0;
  std::size_t failed = 0;
  for (const auto& entity : forward.entities) sent += entity.attributes.size();
  for (const auto& entity : untaken) failed += entity.attributes.size();
  return failed < sent;
}

}  // namespace

std::span<Entity> ProviderPaging::advance(ProvidedEntities& answer) {
  if (skip >= answer.total) {
    skip -= answer.total;
    return {};
  }
  const auto size = static_cast<std::int64_t>(answer.entities.size());
  const auto from = std::clamp<std::int64_t>(skip - answer.offset, 0, size);
  const auto count = std::min(take, size - from);
  skip = 0;
  take -= count;
  return std::span(answer.entities).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
}

ProviderPaging provider_paging(const ForwardQuestion& question, const LocalEntities& local) {
  const std::int64_t room = question.limit - static_cast<std::int64_t>(local.page.size());
  return {std::max<std::int64_t>(question.offset - local.total, 0), std::max<std::int64_t>(room, 0)};
}

LocalEntities merge_answers(LocalEntities local, const ForwardQuestion& question,
                            const std::vector<QueryForward>& forwards,
                            std::vector<std::optional<ProvidedEntities>> answers) {
  auto paging = provider_paging(question, local);
  Merger merger(std::move(local));
  for (std::size_t i = 0; i < forwards.size(); ++i) {
    auto& answer = answers[i];
    if (!answer) continue;
    const auto dropped = std::erase_if(answer->entities, [&](const Entity& e) { return !is_asked(question, e); });
    answer->total -= std::min(answer->total, static_cast<std::int64_t>(dropped));
    for (auto& entity : answer->entities) drop_unasked_attributes(forwards[i], entity);
    if (forwards[i].completes) {
      merge_completion(merger, forwards[i], *answer);
    } else {
      merge_slice(merger, *answer, paging);
    }
  }
  return merger.take();
}

UpdateVerdict judge_update(const UpdatePlan& plan, const std::vector<std::vector<Untaken>>& untaken) {
  FailedAttributes failed;
  bool some = plan.applied_some;
  for (const auto& entity : plan.unserved) {
    Untaken missing{entity.id, entity.type, {}};
    for (const auto& attribute : entity.attributes) missing.attributes.push_back(attribute.name);
    failed.add(missing);
  }
  for (std::size_t i = 0; i < plan.forwards.size(); ++i) {
    some = some || took_any(plan.forwards[i], untaken[i]);
    for (const auto& entity : untaken[i]) failed.add(entity);
  }
  if (failed.is_empty()) return {};
  if (!some) {
    return {UpdateVerdict::Kind::not_found, "The requested entity has not been found. Check type and id"};
  }
  return {UpdateVerdict::Kind::partial, failed.describe()};
}

}  // namespace machi::broker

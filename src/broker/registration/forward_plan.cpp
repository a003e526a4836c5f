#include "broker/registration/forward_plan.h"

#include <algorithm>

#include "broker/query/matcher.h"

namespace machi::broker {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_builtin(std::string_view name) {
  return name == "dateCreated" || name == "dateModified" || name == "dateExpires" || name == "servicePath";
}

/// Attribute names, or all of them.
struct NameSet {
  bool all = false;
  std::vector<std::string> names{};
  [[nodiscard]] bool is_empty() const { return !all && names.empty(); }
};

/// What of the question a provider can have: built-in attributes are ours.
NameSet asked_names(const std::vector<std::string>& attributes) {
  if (attributes.empty() || contains(attributes, "*")) return {.all = true};
  NameSet out;
  std::ranges::copy_if(attributes, std::back_inserter(out.names), [](const auto& name) { return !is_builtin(name); });
  return out;
}

NameSet wanted_names(const NameSet& asked, const Registration& registration) {
  if (registration.attributes.empty()) return asked;
  NameSet out;
  for (const auto& name : registration.attributes) {
    if (asked.all || contains(asked.names, name)) out.names.push_back(name);
  }
  return out;
}

bool is_candidate(const Registration& registration, const ForwardQuestion& question, Timestamp now) {
  return registration.is_usable(now) && registration.takes_queries() &&
         question.scope.admits(registration.service_path);
}

/// A name that must be one of several, match a pattern, or be anything: what is left of it when a provider has only
/// `provided` (empty: anything).
struct NameChoice {
  std::string name{}, pattern{};
};

std::vector<NameChoice> narrow(const std::vector<std::string>& names, const query::Pattern& pattern,
                               const std::string& provided) {
  std::vector<NameChoice> out;
  for (const auto& name : names) {
    if ((provided.empty() || provided == name) && (!pattern || pattern->found_in(name))) out.push_back({.name = name});
  }
  if (!names.empty()) return out;
  if (!provided.empty()) {
    if (!pattern || pattern->found_in(provided)) out.push_back({.name = provided});
    return out;
  }
  out.push_back({.pattern = pattern ? pattern->text() : std::string{}});
  return out;
}

std::vector<ForwardedEntity> intersection(const query::EntitySelector& selector, const ProvidedEntity& provided) {
  std::vector<ForwardedEntity> out;
  const auto types = narrow(selector.types, selector.type_pattern, provided.type);
  for (auto& id : narrow(selector.ids, selector.id_pattern, provided.id)) {
    if (id.name.empty() && id.pattern.empty()) id.pattern = ".*";
    for (const auto& type : types) out.push_back({id.name, id.pattern, type.name, type.pattern});
  }
  return out;
}

const Entity* find_local(const std::vector<Entity>& page, const ForwardedEntity& entity) {
  const auto found = std::ranges::find_if(page, [&](const Entity& local) {
    return local.id == entity.id && (entity.type.empty() || local.type == entity.type);
  });
  return found == page.end() ? nullptr : &*found;
}

/// Puts questions to the same provider about the same entity together.
void add(std::vector<QueryForward>& forwards, QueryForward forward, bool all) {
  const auto same = std::ranges::find_if(forwards, [&](const QueryForward& other) {
    return other.url == forward.url && other.legacy == forward.legacy && other.entity == forward.entity;
  });
  if (same == forwards.end()) {
    forwards.push_back(std::move(forward));
    return;
  }
  const auto& registration = forward.registrations.front();
  if (!contains(same->registrations, registration)) same->registrations.push_back(registration);
  if (all || same->attributes.empty()) {
    same->attributes.clear();
    return;
  }
  for (auto& name : forward.attributes) {
    if (!contains(same->attributes, name)) same->attributes.push_back(std::move(name));
  }
}

class QueryPlanner {
 public:
  QueryPlanner(const ForwardQuestion& question, const LocalEntities& local)
      : local_(local),
        asked_(asked_names(question.attributes)),
        page_is_full_(local.page.size() >= static_cast<std::size_t>(std::max(question.limit, 0))) {}

  void consider(const Registration& registration, ForwardedEntity entity) {
    auto wanted = wanted_names(asked_, registration);
    const auto* known = entity.id.empty() ? nullptr : find_local(local_.page, entity);
    if (known == nullptr && page_is_full_) return;
    if (known != nullptr) {
      std::erase_if(wanted.names, [&](const auto& name) { return known->find(name) != nullptr; });
    }
    if (wanted.is_empty()) return;
    QueryForward forward;
    forward.url = registration.url;
    forward.legacy = registration.legacy_forwarding;
    forward.registrations = {registration.id};
    forward.entity = std::move(entity);
    forward.attributes = std::move(wanted.names);
    forward.completes = known != nullptr;
    add(forwards_, std::move(forward), wanted.all);
  }

  std::vector<QueryForward> take() { return std::move(forwards_); }

 private:
  const LocalEntities& local_;
  NameSet asked_;
  bool page_is_full_;
  std::vector<QueryForward> forwards_;
};

const std::vector<query::EntitySelector>& selectors_of(const ForwardQuestion& question) {
  static const std::vector<query::EntitySelector> kEverything(1);
  return question.selectors.empty() ? kEverything : question.selectors;
}

// ---- updates

bool provides(const Registration& registration, const UnmetUpdate& update) {
  return std::ranges::any_of(registration.entities, [&](const ProvidedEntity& provided) {
    return (provided.id.empty() || provided.id == update.id) && (provided.type.empty() || provided.type == update.type);
  });
}

const Registration* provider_of(const std::vector<const Registration*>& usable, const UnmetUpdate& update,
                                std::string_view attribute) {
  const Registration* of_entity = nullptr;
  for (const auto* registration : usable) {
    if (!provides(*registration, update)) continue;
    if (contains(registration->attributes, attribute)) return registration;
    if (registration->attributes.empty() && of_entity == nullptr) of_entity = registration;
  }
  return of_entity;
}

UnmetUpdate& place_for(std::vector<UnmetUpdate>& entities, const UnmetUpdate& update) {
  const auto found = std::ranges::find_if(
      entities, [&](const UnmetUpdate& other) { return other.id == update.id && other.type == update.type; });
  if (found != entities.end()) return *found;
  return entities.emplace_back(UnmetUpdate{.id = update.id, .type = update.type});
}

UpdateForward& forward_to(std::vector<UpdateForward>& forwards, const Registration& registration) {
  auto found = std::ranges::find_if(forwards, [&](const UpdateForward& other) {
    return other.url == registration.url && other.legacy == registration.legacy_forwarding;
  });
  if (found == forwards.end()) {
    forwards.push_back({.url = registration.url, .legacy = registration.legacy_forwarding});
    found = std::prev(forwards.end());
  }
  if (!contains(found->registrations, registration.id)) found->registrations.push_back(registration.id);
  return *found;
}

}  // namespace

std::vector<QueryForward> plan_query(std::span<const Registration> registrations, const ForwardQuestion& question,
                                     const LocalEntities& local, Timestamp now) {
  QueryPlanner planner(question, local);
  for (const auto& registration : registrations) {
    if (!is_candidate(registration, question, now)) continue;
    for (const auto& provided : registration.entities) {
      for (const auto& selector : selectors_of(question)) {
        for (auto& entity : intersection(selector, provided)) planner.consider(registration, std::move(entity));
      }
    }
  }
  return planner.take();
}

bool concerns_query(std::span<const Registration> registrations, const ForwardQuestion& question, Timestamp now) {
  const auto asked = asked_names(question.attributes);
  return std::ranges::any_of(registrations, [&](const Registration& registration) {
    if (!is_candidate(registration, question, now) || wanted_names(asked, registration).is_empty()) return false;
    return std::ranges::any_of(registration.entities, [&](const ProvidedEntity& provided) {
      return std::ranges::any_of(selectors_of(question),
                                 [&](const auto& selector) { return !intersection(selector, provided).empty(); });
    });
  });
}

UpdatePlan plan_update(std::span<const Registration> registrations, std::string_view service_path,
                       std::vector<UnmetUpdate> unmet, Timestamp now) {
  std::vector<const Registration*> usable;
  for (const auto& registration : registrations) {
    const bool fits = registration.is_usable(now) && registration.takes_updates();
    if (fits && registration.service_path == service_path) usable.push_back(&registration);
  }
  UpdatePlan plan;
  for (auto& update : unmet) {
    plan.applied_some = plan.applied_some || update.applied_some;
    for (auto& attribute : update.attributes) {
      const auto* registration = provider_of(usable, update, attribute.name);
      auto& entities = registration == nullptr ? plan.unserved : forward_to(plan.forwards, *registration).entities;
      place_for(entities, update).attributes.push_back(std::move(attribute));
    }
  }
  return plan;
}

}  // namespace machi::broker

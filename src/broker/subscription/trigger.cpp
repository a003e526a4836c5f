#include "broker/subscription/trigger.h"

#include <algorithm>

#include "broker/subscription/event_scope.h"

namespace machi::broker {
namespace {

using Kind = AttributeAlteration::Kind;

bool is_change(const SubscriptionCondition& condition, const AttributeAlteration& altered) {
  if (altered.kind == Kind::metadata_changed) return condition.notify_on_metadata_change;
  return altered.kind != Kind::touched;
}

/// The one alteration that the event is for this subscription: a change of metadata that it does not care for is an
/// update without change.
Alteration alteration_for(const SubscriptionCondition& condition, const ChangeEvent& event) {
  if ((event.alterations & kEntityDelete) != 0) return kEntityDelete;
  if ((event.alterations & kEntityCreate) != 0) return kEntityCreate;
  if ((event.alterations & kEntityChange) == 0) return kEntityUpdate;
  const bool changes = std::ranges::any_of(event.altered, [&](const auto& a) { return is_change(condition, a); });
  const bool metadata =
      std::ranges::any_of(event.altered, [](const auto& a) { return a.kind == Kind::metadata_changed; });
  return changes || !metadata ? kEntityChange : kEntityUpdate;
}

bool wants(const SubscriptionCondition& condition, Alteration alteration) {
  if (condition.alteration_types.empty()) return alteration == kEntityChange || alteration == kEntityCreate;
  return std::ranges::any_of(condition.alteration_types, [&](Alteration wanted) {
    return wanted == alteration || (wanted == kEntityUpdate && alteration == kEntityChange);
  });
}

bool is_listed(const SubscriptionCondition& condition, const std::string& attribute) {
  return condition.attributes.empty() ||
         std::ranges::find(condition.attributes, attribute) != condition.attributes.end();
}

bool matches_alteration(const SubscriptionCondition& condition, const ChangeEvent& event) {
  const Alteration alteration = alteration_for(condition, event);
  if (!wants(condition, alteration)) return false;
  if (alteration == kEntityDelete) return true;
  // Who listens to updates hears of every attribute that a request names, changed or not.
  const bool any_named = alteration == kEntityUpdate ||
                         (alteration == kEntityChange && std::ranges::find(condition.alteration_types, kEntityUpdate) !=
                                                             condition.alteration_types.end());
  return std::ranges::any_of(event.altered, [&](const AttributeAlteration& altered) {
    return (any_named || is_change(condition, altered)) && is_listed(condition, altered.name);
  });
}

bool matches_entity(const SubjectEntity& subject, const Entity& entity) {
  if (!subject.id.empty() && subject.id != entity.id) return false;
  if (!subject.type.empty() && subject.type != entity.type) return false;
  if (subject.type_regex && !subject.type_regex->found_in(entity.type)) return false;
  return !subject.id_regex || subject.id_regex->found_in(entity.id);
}

bool matches_expressions(const SubscriptionCondition& condition, const ChangeEvent& event,
                         const query::Matcher* place) {
  if (!query::holds(condition.q_filter, event.entity) || !query::holds(condition.mq_filter, event.entity)) return false;
  if (!condition.jexl_expression.empty()) {
    if (!condition.jexl) return false;
    const Json value = condition.jexl->evaluate(EventScope(event), event.recorded);
    if (!value.is_bool() || !value.as_bool()) return false;
  }
  return place == nullptr || place->matches_place(event.entity);
}

/// Built-in attributes that onlyChangedAttrs lets through whenever they are asked for.
bool is_always_current(std::string_view name) {
  return name == "alterationType" || name == "dateCreated" || name == "dateModified";
}

}  // namespace

bool covers_path(std::string_view subscription_path, std::string_view entity_path) {
  if (!subscription_path.ends_with('#')) return subscription_path == entity_path;
  const auto below = subscription_path.substr(0, subscription_path.size() - 1);  // "/a/", or "/" for the whole tree
  return entity_path.starts_with(below) || (below.size() > 1 && entity_path == below.substr(0, below.size() - 1));
}

bool matches(const Subscription& subscription, const ChangeEvent& event, const query::Matcher* place) {
  if (!subscription.is_live(event.recorded)) return false;
  if (!matches_alteration(subscription.condition, event)) return false;
  if (!covers_path(subscription.service_path, event.entity.service_path)) return false;
  const auto is_subject = [&](const SubjectEntity& subject) { return matches_entity(subject, event.entity); };
  if (std::ranges::none_of(subscription.entities, is_subject)) return false;
  if (subscription.notification.only_changed_attributes &&
      select_attributes(subscription.notification, event).is_void) {
    return false;
  }
  return matches_expressions(subscription.condition, event, place);
}

std::optional<query::Matcher> place_matcher(const Subscription& subscription) {
  if (!subscription.condition.geo) return std::nullopt;
  auto matcher = query::Matcher::create({.tenant = subscription.tenant, .geo = subscription.condition.geo});
  return matcher ? std::optional(std::move(*matcher)) : std::nullopt;
}

AttributeSelection select_attributes(const Notification& notification, const ChangeEvent& event) {
  if (!notification.only_changed_attributes) {
    return {.names = notification.attributes, .excluded = notification.attributes_are_excluded};
  }
  // A removal concerns all attributes.
  std::vector<std::string> named;
  if ((event.alterations & kEntityDelete) != 0) {
    for (const auto& attribute : event.entity.attributes) named.push_back(attribute.name);
  } else {
    for (const auto& altered : event.altered) named.push_back(altered.name);
  }
  const auto contains = [](const auto& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
  };
  AttributeSelection out;
  if (notification.attributes.empty()) {
    out.names = std::move(named);
  } else if (notification.attributes_are_excluded) {
    std::ranges::copy_if(named, std::back_inserter(out.names),
                         [&](const std::string& name) { return !contains(notification.attributes, name); });
  } else {
    const bool all = contains(notification.attributes, "*");
    std::ranges::copy_if(notification.attributes, std::back_inserter(out.names), [&](const std::string& name) {
      return is_always_current(name) || (!all && contains(named, name));
    });
    if (all) out.names.insert(out.names.end(), named.begin(), named.end());
  }
  out.is_void = out.names.empty();
  return out;
}

}  // namespace machi::broker

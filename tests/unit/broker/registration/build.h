#pragma once
#include <string>
#include <vector>

#include "broker/registration/forward_plan.h"

namespace machi::broker::testing {

/// `provides("5f01", "http://a/v2", {{"E1", "T"}}, {"A1"})`
inline Registration provides(std::string id, std::string url, std::vector<ProvidedEntity> entities,
                             std::vector<std::string> attributes = {}) {
  Registration out;
  out.id = std::move(id);
  out.url = std::move(url);
  out.entities = std::move(entities);
  out.attributes = std::move(attributes);
  return out;
}

inline Entity entity(std::string id, std::string type, const std::vector<std::string>& attributes = {}) {
  Entity out;
  out.id = std::move(id);
  out.type = std::move(type);
  for (const auto& name : attributes)
    out.attributes.push_back({.name = name, .type = "Text", .value = "\"" + name + "\""});
  return out;
}

inline query::EntitySelector selector(std::vector<std::string> ids, std::vector<std::string> types = {}) {
  query::EntitySelector out;
  out.ids = std::move(ids);
  out.types = std::move(types);
  return out;
}

inline ForwardQuestion question(query::EntitySelector selector, std::vector<std::string> attributes = {}) {
  ForwardQuestion out;
  out.selectors = {std::move(selector)};
  out.attributes = std::move(attributes);
  return out;
}

inline UnmetUpdate unmet(std::string id, std::string type, const std::vector<std::string>& attributes) {
  UnmetUpdate out;
  out.id = std::move(id);
  out.type = std::move(type);
  for (const auto& name : attributes) out.attributes.push_back({.name = name, .value = "1"});
  return out;
}

}  // namespace machi::broker::testing

#pragma once
#include <string>
#include <vector>

#include "broker/model/change.h"
#include "broker/model/entity.h"

namespace machi::broker::build {

inline constexpr Timestamp kThen{1'000'000};
inline constexpr Timestamp kNow{2'000'000};

inline Attribute attribute(std::string name, std::string type, std::string value) {
  return {
      .name = std::move(name), .type = std::move(type), .value = std::move(value), .created = kThen, .modified = kThen};
}

inline AttributeChange put(std::string name, std::string type, std::string value) {
  return {.name = std::move(name), .type = std::move(type), .value = std::move(value)};
}

inline AttributeChange operate(std::string name, UpdateOperator op, std::string operand) {
  AttributeChange a{.name = std::move(name)};
  a.operators.emplace_back(op, std::move(operand));
  return a;
}

inline Entity entity(std::vector<Attribute> attributes) {
  return {
      .id = "E", .type = "T", .attributes = std::move(attributes), .created = kThen, .modified = kThen, .version = 4};
}

inline EntityChange change(ChangeAction action, std::vector<AttributeChange> attributes = {}) {
  return {.id = "E", .type = "T", .action = action, .attributes = std::move(attributes)};
}

}  // namespace machi::broker::build

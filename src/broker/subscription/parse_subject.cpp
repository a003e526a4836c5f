#include <algorithm>

#include "broker/query/geo_parser.h"
#include "broker/query/q_parser.h"
#include "broker/subscription/subscription_parser.h"

namespace machi::broker {
namespace {

void parse_entity_id(JsonFields& fields, const Json& item, SubjectEntity& out) {
  const auto id = fields.text(item, "id", "/entities/ vector item /id/");
  if (!id) return;
  fields.require(!id->empty(), "/entities/ element id is empty");
  fields.require(!fields.is_bad_identifier(*id), "forbidden characters in /entities/ vector item /id/");
  fields.require(id->size() <= ngsiv2::kMaxIdentifierBytes, "max id length exceeded in /entities/ vector item /id/");
  out.id = *id;
}

void parse_entity_type(JsonFields& fields, const Json& item, SubjectEntity& out) {
  const auto type = fields.text(item, "type", "/entities/ vector item type");
  if (!type) return;
  fields.require(!fields.is_bad_identifier(*type), "forbidden characters in /entities/ vector item /type/");
  fields.require(type->size() <= ngsiv2::kMaxIdentifierBytes,
                 "max type length exceeded in /entities/ vector item /type/");
  fields.require(!type->empty(), "entity type length: 0, min length supported: 1");
  out.type = *type;
}

query::Pattern compile(JsonFields& fields, Result<query::Pattern> pattern) {
  if (!pattern) fields.fail(pattern.error().message);
  return pattern.value_or(nullptr);
}

void parse_entity_patterns(JsonFields& fields, const Json& item, SubjectEntity& out) {
  if (const auto pattern = fields.text(item, "idPattern", "/entities/ vector item /idPattern/")) {
    fields.require(!pattern->empty(), "/entities/ vector item /idPattern/ is empty");
    out.id_pattern = *pattern;
    out.id_regex = compile(fields, query::parse_id_pattern(*pattern));
  }
  if (const auto pattern = fields.text(item, "typePattern", "/entities/ vector item /typePattern/")) {
    fields.require(!pattern->empty(), "/entities/ vector item /typePattern/ is empty");
    out.type_pattern = *pattern;
    out.type_regex = compile(fields, query::parse_type_pattern(*pattern));
  }
}

SubjectEntity parse_entity(JsonFields& fields, const Json& item) {
  SubjectEntity out;
  if (!item.is_object()) {
    fields.fail("/entities/ vector item is not an object");
    return out;
  }
  const bool id = item.find("id") != nullptr;
  const bool id_pattern = item.find("idPattern") != nullptr;
  fields.require(id || id_pattern, "/entities/ vector item does not have /id/ nor /idPattern/");
  fields.require(!id || !id_pattern, "/entities/ vector item has both /id/ and /idPattern/");
  fields.require(item.find("type") == nullptr || item.find("typePattern") == nullptr,
                 "/entities/ element has both /type/ and /typePattern/");
  parse_entity_id(fields, item, out);
  parse_entity_type(fields, item, out);
  parse_entity_patterns(fields, item, out);
  return out;
}

void parse_entities(JsonFields& fields, const Json& subject, Subscription& out) {
  const Json* const entities = subject.find("entities");
  if (entities == nullptr) return fields.fail("no subject entities specified");
  if (!entities->is_array()) return fields.fail("/entities/ is not an array");
  out.entities.clear();
  for (const Json& item : entities->as_array()) {
    auto entity = parse_entity(fields, item);
    if (!fields.ok()) return;
    const auto is_same = [&](const SubjectEntity& other) { return other.is_same_as(entity); };
    if (std::ranges::none_of(out.entities, is_same)) out.entities.push_back(std::move(entity));
  }
  fields.require(!out.entities.empty(), "subject entities is empty");
}

std::string parse_expression_text(JsonFields& fields, const Json& expression, std::string_view name) {
  const auto text = fields.text(expression, name);
  if (text && text->empty()) fields.fail(std::string(name) + " is empty");
  return text.value_or("");
}

void parse_filters(JsonFields& fields, const Json& expression, SubscriptionCondition& out) {
  const query::ParseOptions options{.orion_forbidden_characters = fields.rules().forbid_characters};
  out.q = parse_expression_text(fields, expression, "q");
  if (!out.q.empty()) {
    auto filter = query::parse_q(out.q, options);
    if (!filter) return fields.fail(filter.error().message);
    out.q_filter = std::move(*filter);
  }
  out.mq = parse_expression_text(fields, expression, "mq");
  if (!out.mq.empty()) {
    auto filter = query::parse_mq(out.mq, options);
    if (!filter) return fields.fail(filter.error().message);
    out.mq_filter = std::move(*filter);
  }
}

void parse_geography(JsonFields& fields, const Json& expression, SubscriptionCondition& out) {
  out.geometry = parse_expression_text(fields, expression, "geometry");
  out.coords = parse_expression_text(fields, expression, "coords");
  out.georel = parse_expression_text(fields, expression, "georel");
  const bool any = !out.geometry.empty() || !out.coords.empty() || !out.georel.empty();
  const bool all = !out.geometry.empty() && !out.coords.empty() && !out.georel.empty();
  if (!any || !fields.ok()) return;
  if (!all) {
    return fields.fail("partial geo expression: geometry, georel and coords have to be provided together");
  }
  auto geo = query::parse_geo_expression({.georel = out.georel, .geometry = out.geometry, .coords = out.coords});
  if (!geo) return fields.fail(geo.error().message);
  out.geo = std::move(*geo);
}

void parse_expression(JsonFields& fields, const Json& expression, SubscriptionCondition& out) {
  if (!expression.is_object()) return fields.fail("expression is not an object");
  if (expression.as_object().empty()) return fields.fail("expression is empty");
  parse_filters(fields, expression, out);
  parse_geography(fields, expression, out);
}

void parse_jexl(JsonFields& fields, const Json& value, SubscriptionCondition& out) {
  if (!value.is_string()) return fields.fail("jexlExpression is not a string");
  out.jexl_expression = value.as_string();
  if (auto parsed = Expression::parse(out.jexl_expression)) out.jexl = std::move(*parsed);
}

std::optional<Alteration> alteration_of(std::string_view name) {
  if (name == "entityCreate") return kEntityCreate;
  if (name == "entityChange") return kEntityChange;
  if (name == "entityUpdate") return kEntityUpdate;
  if (name == "entityDelete") return kEntityDelete;
  return std::nullopt;
}

void parse_condition(JsonFields& fields, const Json& condition, SubscriptionCondition& out) {
  if (!condition.is_object()) return fields.fail("condition is not an object");
  if (condition.as_object().empty()) return fields.fail("condition is empty");
  if (const Json* const attrs = condition.find("attrs")) out.attributes = fields.identifiers(*attrs, "attrs");
  if (const Json* const jexl = condition.find("jexlExpression")) parse_jexl(fields, *jexl, out);
  if (const Json* const expression = condition.find("expression")) parse_expression(fields, *expression, out);
  if (const Json* const types = condition.find("alterationTypes")) {
    for (const auto& name : fields.identifiers(*types, "alterationTypes")) {
      const auto alteration = alteration_of(name);
      if (!alteration) return fields.fail("unknown subscription alterationType: " + name);
      out.alteration_types.push_back(*alteration);
    }
  }
  if (const auto notify = fields.boolean(condition, "notifyOnMetadataChange")) out.notify_on_metadata_change = *notify;
}

}  // namespace

void parse_subject(JsonFields& fields, const Json& subject, Subscription& out) {
  if (!subject.is_object()) return fields.fail("subject is not an object");
  out.condition = {.notify_on_metadata_change = out.condition.notify_on_metadata_change};
  parse_entities(fields, subject, out);
  if (!fields.ok()) return;
  if (const Json* const condition = subject.find("condition")) parse_condition(fields, *condition, out.condition);
}

}  // namespace machi::broker

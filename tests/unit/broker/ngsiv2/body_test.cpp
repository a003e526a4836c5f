#include <gtest/gtest.h>

#include "broker/ngsiv2/entity_body.h"
#include "broker/ngsiv2/query_body.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr Rules kOrion{.forbid_characters = true};

/// The sentence of the refusal, or "accepted".
template <typename T>
std::string sentence(const Result<T>& result) {
  return result ? "accepted" : result.error().message;
}

std::string entity_sentence(std::string_view body, Rules rules = kOrion) {
  return sentence(parse_entity(body, {.rules = rules}));
}

/// What becomes of one attribute of an entity.
AttributeChange attribute(std::string_view json, Rules rules = kOrion) {
  const auto entity = parse_entity(R"({"id":"E","a":)" + std::string(json) + "}", {.rules = rules});
  EXPECT_TRUE(entity) << sentence(entity);
  return entity ? entity->attributes.at(0) : AttributeChange{};
}

std::string attribute_sentence(std::string_view json, Rules rules = kOrion) {
  return entity_sentence(R"({"id":"E","a":)" + std::string(json) + "}", rules);
}

TEST(EntityBody, ReadsTheNormalizedForm) {
  const auto entity = parse_entity(
      R"({"id":"E","type":"T","a":{"value":[1.50,"\u3042"],"type":"X","metadata":{"m":{"value":true}}}})", {});
  ASSERT_TRUE(entity);
  EXPECT_EQ(entity->id, "E");
  EXPECT_EQ(entity->type, "T");
  const AttributeChange& a = entity->attributes.at(0);
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.type, "X");
  EXPECT_EQ(a.value, "[1.5,\"あ\"]");
  EXPECT_EQ(a.metadata.at(0).type, "Boolean");
}

TEST(EntityBody, FillsInDefaultTypes) {
  EXPECT_EQ(attribute(R"({"value":1})").type, "Number");
  EXPECT_EQ(attribute(R"({"value":"x"})").type, "Text");
  EXPECT_EQ(attribute(R"({"value":false})").type, "Boolean");
  EXPECT_EQ(attribute(R"({"value":{}})").type, "StructuredValue");
  EXPECT_EQ(attribute("{}").type, "None");
  EXPECT_EQ(attribute("{}").value, "null");
  EXPECT_EQ(parse_entity(R"({"id":"E"})", {})->type, "Thing");
}

TEST(EntityBody, ReadsKeyValues) {
  const auto entity = parse_entity(R"({"id":"E","a":1,"b":{"type":"x"}})", {AttributeForm::key_values, kOrion});
  ASSERT_TRUE(entity);
  EXPECT_EQ(entity->attributes.at(1).value, R"({"type":"x"})");
  EXPECT_EQ(attribute_sentence("1"), "attribute must be a JSON object, unless keyValues option is used");
}

TEST(EntityBody, RefusesWhatIsNoEntity) {
  EXPECT_EQ(entity_sentence("{"), "Errors found in incoming JSON buffer");
  EXPECT_EQ(entity_sentence("[]"), "Errors found in incoming JSON buffer");
  EXPECT_EQ(entity_sentence("{}"), "entity id length: 0, min length supported: 1");
  EXPECT_EQ(entity_sentence(R"({"id":""})"), "entity id length: 0, min length supported: 1");
  EXPECT_EQ(entity_sentence(R"({"id":1})"), "Invalid JSON type for entity id");
  EXPECT_EQ(entity_sentence(R"({"id":"E","type":[]})"), "Invalid JSON type for entity type");
  EXPECT_EQ(entity_sentence(R"({"id":"E","type":""})"), "entity type length: 0, min length supported: 1");
  EXPECT_EQ(entity_sentence(R"({"id":"a b"})"), "Invalid characters in entity id");
  EXPECT_EQ(entity_sentence(R"({"id":"E","type":"a;b"})"), "Invalid characters in entity type");
  EXPECT_EQ(entity_sentence(R"({"id":")" + std::string(257, 'x') + "\"}"),
            "entity id length: 257, max length supported: 256");
  EXPECT_EQ(entity_sentence(R"({"id":"E","a":{},"a":{}})"), "duplicated attribute /a/");
}

TEST(EntityBody, RefusesWhatIsNoAttribute) {
  EXPECT_EQ(attribute_sentence(R"({"type":1})"), "invalid JSON type for attribute type");
  EXPECT_EQ(attribute_sentence(R"({"type":""})"), "attribute type length: 0, min length supported: 1");
  EXPECT_EQ(attribute_sentence(R"({"foo":1})"), "unrecognized property for context attribute");
  EXPECT_EQ(attribute_sentence(R"({"value":1,"value":2})"), "duplicated value key in attribute");
  EXPECT_EQ(attribute_sentence(R"({"value":{"x":{"y":1,"y":2}}})"), "duplicated tag-name: /y/ in path: /x/");
  EXPECT_EQ(attribute_sentence(R"({"metadata":[]})"), "metadata not a JSON object");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":1}})"), "metadata must be a JSON object");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"type":1}}})"), "invalid JSON type for attribute metadata type");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"x":1}}})"), "invalid JSON field for attribute metadata");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"":{}}})"), "metadata name length: 0, min length supported: 1");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"type":"a b"}}})"), "Invalid characters in metadata type");
  EXPECT_EQ(attribute_sentence(R"({"value":"a\u0000"})"), "the character U+0000 cannot be stored");
  EXPECT_EQ(entity_sentence(R"({"id":"E","":{}})"), "attribute name length: 0, min length supported: 1");
  EXPECT_EQ(entity_sentence(R"({"id":"E","a#":{}})"), "Invalid characters in attribute name");
}

TEST(EntityBody, ForbiddenCharactersAreARuleOfTheTenant) {
  EXPECT_EQ(attribute_sentence(R"({"value":"a<b"})"), "Invalid characters in attribute value");
  EXPECT_EQ(attribute_sentence(R"x({"value":[{"x":"(a)"}]})x"), "Invalid characters in attribute value");
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"value":"a=b"}}})"), "Invalid characters in metadata value");
  EXPECT_EQ(attribute_sentence(R"({"value":"a<b","type":"TextUnrestricted"})"), "accepted");
  EXPECT_EQ(attribute_sentence(R"({"value":"a<b","metadata":{"TextUnrestricted":{"value":true}}})"), "accepted");
  EXPECT_EQ(attribute_sentence(R"({"value":"a<b","metadata":{"TextUnrestricted":{"value":false}}})"),
            "Invalid characters in attribute value");
  EXPECT_EQ(attribute_sentence(R"x({"value":"(株)a<b;\"'="})x", {}), "accepted");
  EXPECT_EQ(entity_sentence(R"x({"id":"E(1)"})x", {}), "accepted");
  EXPECT_EQ(entity_sentence(R"({"id":"町"})", {}), "Invalid characters in entity id");
}

TEST(EntityBody, MomentsBecomeCanonical) {
  EXPECT_EQ(attribute(R"({"type":"DateTime","value":"2026-01-01T09:00:00+09:00"})").value,
            "\"2026-01-01T00:00:00.000Z\"");
  EXPECT_EQ(attribute(R"({"type":"ISO8601","value":null})").value, "null");
  EXPECT_EQ(attribute(R"({"type":"DateTime","value":{"$max":"2026-01-01"}})").operators.at(0).second,
            "\"2026-01-01T00:00:00.000Z\"");
  for (const char* json : {R"({"type":"DateTime","value":"x"})", R"({"type":"DateTime","value":1})",
                           R"({"type":"DateTime","value":{"$inc":1}})", R"({"type":"DateTime","value":"20260101"})"}) {
    EXPECT_EQ(attribute_sentence(json), "date has invalid format in attribute value") << json;
  }
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"type":"DateTime","value":"x"}}})"),
            "date has invalid format in metadata value");
}

TEST(EntityBody, GeoJsonIsAnObjectOrNull) {
  for (const char* json : {R"({"type":"geo:json","value":"1, 2"})", R"({"type":"geo:json","value":[1,2]})"}) {
    EXPECT_EQ(attribute_sentence(json), "geo:json needs an object or null as value");
  }
  EXPECT_EQ(attribute_sentence(R"({"type":"geo:json"})"), "accepted");
}

TEST(EntityBody, ReadsUpdateOperators) {
  const AttributeChange a = attribute(R"({"value":{"$set":{"x":1},"$unset":{"y":1}}})");
  ASSERT_EQ(a.operators.size(), 2);
  EXPECT_EQ(a.operators[0].first, UpdateOperator::set);
  EXPECT_EQ(a.operators[0].second, R"({"x":1})");
  EXPECT_FALSE(a.value);
  EXPECT_FALSE(a.type);
  EXPECT_EQ(attribute(R"({"value":{"x":1,"$inc":1}})").value, R"({"x":1,"$inc":1})");
  EXPECT_EQ(attribute_sentence(R"({"value":{"$inc":1,"$mul":2}})"),
            "only the update operators $set and $unset can be combined");
  EXPECT_EQ(attribute_sentence(R"({"value":{"$inc":1,"x":2}})"),
            "an attribute value with an update operator cannot have other members");
}

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

TEST(EntityBody, NestingIsBounded) {
  EXPECT_EQ(attribute_sentence(R"({"value":)" + nested(51) + "}"), "accepted");
  const std::string sentence = "attribute or metadata value has overpassed maximum nesting limit: 50";
  EXPECT_EQ(attribute_sentence(R"({"value":)" + nested(52) + "}"), sentence);
  EXPECT_EQ(attribute_sentence(R"({"metadata":{"m":{"value":)" + nested(52) + "}}}"), sentence);
  EXPECT_EQ(attribute_sentence(R"({"value":)" + nested(20000) + "}"), sentence);
}

TEST(AttributesBody, NamesNoEntity) {
  EXPECT_EQ(sentence(parse_attributes(R"({"id":"E"})", {})), "entity id specified in payload");
  EXPECT_EQ(sentence(parse_attributes(R"({"type":"E"})", {})), "entity type specified in payload");
  EXPECT_EQ(sentence(parse_attributes("{}", {})), "empty payload");
  EXPECT_EQ(parse_attributes(R"({"a":{"value":1},"b":{}})", {})->size(), 2);
}

TEST(AttributeBody, IsOneAttribute) {
  EXPECT_EQ(parse_attribute("a", R"({"value":1})", {})->type, "Number");
  EXPECT_EQ(sentence(parse_attribute("a", "[]", {})), "Errors found in incoming JSON buffer");
}

TEST(ValueBody, JsonIsACompound) {
  EXPECT_EQ(parse_json_value("a", R"({"x":[1]})", {})->value, R"({"x":[1]})");
  EXPECT_FALSE(parse_json_value("a", "[]", {})->type);
  EXPECT_EQ(parse_json_value("a", R"({"$inc":6})", {})->operators.size(), 1);
  EXPECT_EQ(sentence(parse_json_value("a", "1", {})), "Neither JSON Object nor JSON Array for attribute::value");
  EXPECT_EQ(sentence(parse_json_value("a", R"({"x":"<"})", kOrion)), "Invalid characters in attribute value");
}

TEST(ValueBody, TextHasAGrammarOfItsOwn) {
  const auto value = [](std::string_view body) { return parse_text_value("a", body, kOrion)->value.value(); };
  EXPECT_EQ(value("\"x\""), "\"x\"");
  EXPECT_EQ(value("\"\""), "\"\"");
  EXPECT_EQ(value("TRUE"), "true");
  EXPECT_EQ(value("False"), "false");
  EXPECT_EQ(value("null"), "null");
  EXPECT_EQ(value(" 23.50 "), "23.5");
  EXPECT_EQ(value("-1e3"), "-1000");
  EXPECT_EQ(sentence(parse_text_value("a", "\"x", kOrion)), "Missing citation-mark at end of string");
  EXPECT_EQ(sentence(parse_text_value("a", "\"", kOrion)), "Missing citation-mark at end of string");
  EXPECT_EQ(sentence(parse_text_value("a", "x", kOrion)), "attribute value type not recognized");
  EXPECT_EQ(sentence(parse_text_value("a", "nan", kOrion)), "attribute value type not recognized");
  EXPECT_EQ(sentence(parse_text_value("a", "\"a;b\"", kOrion)), "Invalid characters in attribute value");
}

TEST(BatchUpdateBody, ReadsEveryAction) {
  const auto action = [](std::string_view name) {
    return parse_batch_update(R"({"actionType":")" + std::string(name) + R"(","entities":[{"id":"E"}]})", {})->action;
  };
  EXPECT_EQ(action("append"), BatchUpdate::Action::append);
  EXPECT_EQ(action("appendStrict"), BatchUpdate::Action::append_strict);
  EXPECT_EQ(action("APPEND_STRICT"), BatchUpdate::Action::append_strict);
  EXPECT_EQ(action("delete"), BatchUpdate::Action::remove);
}

TEST(BatchUpdateBody, RefusesWhatItDoesNotKnow) {
  const auto told = [](std::string_view body) { return sentence(parse_batch_update(body, {})); };
  EXPECT_EQ(told("{}"), "empty payload");
  EXPECT_EQ(told("[]"), "Errors found in incoming JSON buffer");
  EXPECT_EQ(told(R"({"actionType":"append"})"), "Invalid JSON payload, mandatory field /entities/ not found");
  EXPECT_EQ(told(R"({"entities":[]})"), "Invalid JSON payload, mandatory field /actionType/ not found");
  EXPECT_EQ(told(R"({"actionType":"append","entities":[]})"), "empty entities vector");
  EXPECT_EQ(told(R"({"actionType":"append","entities":1})"), "not a JSON array");
  EXPECT_EQ(told(R"({"actionType":"append","entities":[1]})"), "entity is not a JSON object");
  EXPECT_EQ(told(R"({"actionType":"append","entities":[{"id":"E"}],"foo":1})"),
            "Unrecognized field in JSON payload: /foo/");
  EXPECT_EQ(told(R"({"actionType":"x","entities":[{"id":"E"}]})"),
            "invalid update action type: right ones are: append, appendStric, delete, replace, update");
  EXPECT_EQ(told(R"({"actionType":"append","entities":[{"type":"T"}]})"), "nor /id/ nor /idPattern/ present");
  EXPECT_EQ(told(R"({"actionType":"append","entities":[{"id":""}]})"),
            "id and idPattern cannot be both empty at the same time");
  const auto pattern = parse_batch_update(R"({"actionType":"append","entities":[{"idPattern":".*"}]})", {});
  EXPECT_EQ(pattern.error().code, ErrorCode::not_implemented);
}

TEST(BatchUpdateBody, DeleteWithoutAttributesRemovesTheEntity) {
  EXPECT_EQ(to_change({.id = "E"}, BatchUpdate::Action::remove).action, ChangeAction::remove_entity);
  EXPECT_EQ(to_change({.id = "E", .attributes = {{.name = "a"}}}, BatchUpdate::Action::remove).action,
            ChangeAction::remove_attributes);
  EXPECT_TRUE(to_change({.id = "E"}, BatchUpdate::Action::append).create_missing);
  EXPECT_FALSE(to_change({.id = "E"}, BatchUpdate::Action::update).create_missing);
}

TEST(NotificationBody, IsNormalizedData) {
  EXPECT_EQ(
      parse_notification(R"({"subscriptionId":"1","data":[{"id":"E","type":"T","a":{"value":1}}]})", "normalized", {})
          ->size(),
      1);
  const auto told = [](std::string_view body, std::string_view format = "") {
    return sentence(parse_notification(body, format, {}));
  };
  EXPECT_EQ(told("{}", "keyValues"), "attribute render format /keyValues/ not supported for notifications");
  EXPECT_EQ(told("{}", "x"), "invalid render format for notifications");
  EXPECT_EQ(told("{}"), "empty payload");
  EXPECT_EQ(told(R"({"data":[]})"), "invalid JSON payload, mandatory field /subscriptionId/ not found");
  EXPECT_EQ(told(R"({"subscriptionId":"1"})"), "Invalid JSON payload, mandatory field /data/ not found");
  EXPECT_EQ(told(R"({"subscriptionId":1,"data":[]})"), "/subscriptionId/ must be a JSON string");
  EXPECT_EQ(told(R"({"subscriptionId":"1","data":1})"), "notification field /data/ must be a JSON array");
  EXPECT_EQ(told(R"({"subscriptionId":"1","data":[1]})"), "notification data vector item must be a JSON object");
}

TEST(QueryBody, ReadsAllItsParts) {
  const auto query = parse_batch_query(
      R"({"entities":[{"idPattern":".*","type":"T"},{"id":"E"}],"attrs":["a","a","b"],"metadata":["m"],"expression":{"q":"a>1","georel":"near","geometry":"point","coords":"1,2"}})",
      {});
  ASSERT_TRUE(query) << sentence(query);
  EXPECT_EQ(query->entities.at(0).id_pattern, ".*");
  EXPECT_EQ(query->entities.at(1).id, "E");
  EXPECT_EQ(query->attrs.size(), 2);
  EXPECT_EQ(query->expression.q, "a>1");
}

TEST(QueryBody, RefusesWhatItDoesNotKnow) {
  const auto told = [](std::string_view body) { return sentence(parse_batch_query(body, {})); };
  EXPECT_EQ(told("{}"), "empty payload");
  EXPECT_EQ(told(R"({"metadata":[]})"), "Invalid JSON payload, no relevant fields found");
  EXPECT_EQ(told(R"({"attributes":1})"), "the field /attributes/ must be a JSON array");
  EXPECT_EQ(told(R"({"attributes":[1]})"), "only JSON Strings allowed in attributes list");
  EXPECT_EQ(told(R"({"attrs":[],"metadata":1})"), "the field /metadata/ must be a JSON array");
  EXPECT_EQ(told(R"({"expression":1})"), "expression is not an object");
  EXPECT_EQ(told(R"({"expression":{}})"), "expression is empty");
  EXPECT_EQ(told(R"({"expression":{"q":1}})"), "q is not a string");
  EXPECT_EQ(told(R"({"expression":{"mq":""}})"), "mq is empty");
  EXPECT_EQ(told(R"({"expression":{"georel":"near"}})"),
            "partial geo expression: geometry, georel and coords have to be provided together");
  EXPECT_EQ(told(R"({"entities":[{"id":"E","a":1}]})"), "no attributes allowed in Entity in this payload");
  EXPECT_EQ(told(R"({"entities":[{"id":"E","typePattern":1}]})"), "Invalid JSON type for entity typePattern");
  EXPECT_EQ(told(R"({"entities":[],"foo":1})"), "Unrecognized field in JSON payload: /foo/");
}

}  // namespace
}  // namespace machi::broker::ngsiv2

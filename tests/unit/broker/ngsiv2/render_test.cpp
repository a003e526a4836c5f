#include "broker/ngsiv2/render.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr Timestamp kThen{1'000'000};
constexpr Timestamp kLater{2'000'000};

std::vector<Attribute> attributes() {
  Attribute a{.name = "a", .type = "Number", .value = "1", .created = kThen, .modified = kLater};
  a.metadata.push_back({"m", "Text", "\"x\""});
  return {a,
          {.name = "b\"",
           .type = "DateTime",
           .value = "\"1970-01-01T00:00:00.001001Z\"",
           .created = kThen,
           .modified = kThen},
          {.name = "dateExpires",
           .type = "DateTime",
           .value = "\"2100-01-01T00:00:00.000Z\"",
           .created = kThen,
           .modified = kThen},
          {.name = "c", .type = "Number", .value = "1", .created = kThen, .modified = kThen},
          {.name = "c", .type = "Number", .value = "2", .created = kThen, .modified = kThen, .dataset = "urn:d"}};
}

std::string render(const RenderOptions& options, const std::vector<Attribute>& list = attributes()) {
  const std::string document = to_document(list);
  std::string out;
  render_entity(
      {.id = "E", .type = "T", .service_path = "/p", .document = document, .created = kThen, .modified = kLater},
      options, out);
  EXPECT_TRUE(Json::parse(out)) << out;
  return out;
}

RenderOptions only(std::vector<std::string> attrs, Form form = Form::key_values) {
  return {.form = form, .attrs = NameFilter(attrs)};
}

TEST(Render, Normalized) {
  EXPECT_EQ(render({}),
            R"({"id":"E","type":"T","a":{"type":"Number","value":1,"metadata":{"m":{"type":"Text","value":"x"}}},)"
            R"("b\"":{"type":"DateTime","value":"1970-01-01T00:00:00.001Z","metadata":{}},)"
            R"("c":{"type":"Number","value":1,"metadata":{}}})");
}

TEST(Render, KeyValuesValuesAndUnique) {
  EXPECT_EQ(render({.form = Form::key_values}),
            R"({"id":"E","type":"T","a":1,"b\"":"1970-01-01T00:00:00.001Z","c":1})");
  EXPECT_EQ(render({.form = Form::values}), R"([1,"1970-01-01T00:00:00.001Z",1])");
  EXPECT_EQ(render({.form = Form::unique}), R"([1,"1970-01-01T00:00:00.001Z"])");
  EXPECT_EQ(render({.form = Form::key_values}, {}), R"({"id":"E","type":"T"})");
}

TEST(Render, ValuesAreInTheOrderOfNamesUnlessAttrsSaysOtherwise) {
  const std::vector<Attribute> list{{.name = "b", .type = "Number", .value = "2"},
                                    {.name = "a", .type = "Number", .value = "1"}};
  EXPECT_EQ(render({.form = Form::values}, list), "[1,2]");
  EXPECT_EQ(render(only({"b", "a"}, Form::values), list), "[2,1]");
}

TEST(Render, AttrsChooseAndOrder) {
  EXPECT_EQ(render(only({"c", "none", "a"})), R"({"id":"E","type":"T","c":1,"a":1})");
  EXPECT_EQ(render(only({"b\""})), R"({"id":"E","type":"T","b\"":"1970-01-01T00:00:00.001Z"})");
  EXPECT_EQ(render(only({"dateModified", "*"}, Form::values)),
            R"([1,"1970-01-01T00:00:00.001Z",1,"1970-01-01T00:00:02.000Z"])");
}

TEST(Render, BuiltInAttributesOnlyWhenNamed) {
  EXPECT_EQ(
      render(only({"dateCreated", "servicePath", "dateExpires", "alterationType"})),
      R"({"id":"E","type":"T","dateCreated":"1970-01-01T00:00:01.000Z","servicePath":"/p","dateExpires":"2100-01-01T00:00:00.000Z"})");
  EXPECT_EQ(
      render(only({"dateCreated"}, Form::normalized)),
      R"({"id":"E","type":"T","dateCreated":{"type":"DateTime","value":"1970-01-01T00:00:01.000Z","metadata":{}}})");
}

TEST(Render, AUsersAttributeGoesBeforeTheBuiltInOne) {
  const std::vector<Attribute> list{{.name = "dateCreated", .type = "Text", .value = "\"mine\""}};
  EXPECT_EQ(render({.form = Form::key_values}, list), R"({"id":"E","type":"T","dateCreated":"mine"})");
  EXPECT_EQ(render(only({"dateCreated"}), list), R"({"id":"E","type":"T","dateCreated":"mine"})");
  EXPECT_EQ(render(only({"*", "dateCreated"}), list), R"({"id":"E","type":"T","dateCreated":"mine"})");
}

TEST(Render, ExceptAndCovered) {
  RenderOptions except = only({"a"});
  except.exclude = true;
  EXPECT_EQ(render(except), R"({"id":"E","type":"T","b\"":"1970-01-01T00:00:00.001Z","c":1})");
  RenderOptions covered = only({"x", "c"}, Form::normalized);
  covered.cover = true;
  EXPECT_EQ(
      render(covered),
      R"({"id":"E","type":"T","x":{"type":"None","value":null,"metadata":{}},"c":{"type":"Number","value":1,"metadata":{}}})");
}

std::string metadata_of_a(std::vector<std::string> names, const ChangeNote* note = nullptr) {
  RenderOptions options{.attrs = NameFilter({"a"}), .metadata = NameFilter(names), .hide_identity = true, .note = note};
  const std::string out = render(options);
  constexpr std::string_view kBefore = R"({"a":{"type":"Number","value":1,"metadata":)";
  EXPECT_TRUE(out.starts_with(kBefore)) << out;
  return out.substr(kBefore.size(), out.size() - kBefore.size() - 2);
}

TEST(Render, MetadataChooseAndBuiltIn) {
  EXPECT_EQ(metadata_of_a({"none"}), "{}");
  EXPECT_EQ(metadata_of_a({"dateCreated"}),
            R"({"dateCreated":{"type":"DateTime","value":"1970-01-01T00:00:01.000Z"}})");
  EXPECT_EQ(
      metadata_of_a({"dateModified", "*"}),
      R"({"m":{"type":"Text","value":"x"},"dateModified":{"type":"DateTime","value":"1970-01-01T00:00:02.000Z"}})");
  EXPECT_EQ(metadata_of_a({"previousValue", "actionType"}), "{}");
  const ChangeNote note{
      .alteration_type = "entityChange",
      .attributes = {{.name = "a", .action_type = "update", .previous = "0", .previous_type = "Number"}}};
  EXPECT_EQ(metadata_of_a({"previousValue", "actionType"}, &note),
            R"({"previousValue":{"type":"Number","value":0},"actionType":{"type":"Text","value":"update"}})");
}

TEST(Render, MomentsInMetadataHaveMilliseconds) {
  Attribute a{.name = "a", .type = "Number", .value = "1"};
  a.metadata.push_back({"when", "DateTime", "\"1970-01-01T00:00:00.001001Z\""});
  EXPECT_EQ(
      render({.hide_identity = true}, {a}),
      R"({"a":{"type":"Number","value":1,"metadata":{"when":{"type":"DateTime","value":"1970-01-01T00:00:00.001Z"}}}})");
}

TEST(Render, AlterationTypeInNotifications) {
  const ChangeNote note{.alteration_type = "entityChange"};
  RenderOptions options = only({"alterationType"});
  options.note = &note;
  EXPECT_EQ(render(options), R"({"id":"E","type":"T","alterationType":"entityChange"})");
}

TEST(Render, FeaturesAreShownAsTheirGeometryUnlessTheTypeIsIgnored) {
  Attribute a{.name = "a", .type = "geo:json", .value = R"({"type":"Feature","geometry":{"g":1}})"};
  EXPECT_EQ(render({.form = Form::key_values, .hide_identity = true}, {a}), R"({"a":{"g":1}})");
  a.metadata.push_back({"ignoreType", "Boolean", "true"});
  EXPECT_EQ(render({.form = Form::key_values, .hide_identity = true}, {a}),
            R"({"a":{"type":"Feature","geometry":{"g":1}}})");
}

TEST(Render, FindsTheDefaultInstance) {
  const std::string document = to_document(attributes());
  EXPECT_EQ(find_attribute(document, "c")->value, "1");
  EXPECT_EQ(find_attribute(document, "b\"")->type, "DateTime");
  EXPECT_FALSE(find_attribute(document, "x"));
}

}  // namespace
}  // namespace machi::broker::ngsiv2

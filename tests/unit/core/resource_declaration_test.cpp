#include "core/resource_declaration.h"

#include <gtest/gtest.h>

#include "core/yaml.h"
#include "unit/core/sample_resource.h"

namespace machi::core {
namespace {

Json json(std::string_view text) {
  auto parsed = Json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Json());
}

const ResourceDeclaration kSample = sample_declaration();

std::string completed(std::string_view body) {
  auto document = complete(kSample, json(body), nullptr);
  return document ? document->dump() : "refused";
}

/// `field:code` of every fault, separated by blanks.
std::string faults(std::string_view body, std::string_view current = "") {
  const Json before = current.empty() ? Json() : json(current);
  const auto document = complete(kSample, json(body), current.empty() ? nullptr : &before);
  if (document) return "none";
  std::string out;
  for (const FieldFault& fault : document.error()) {
    EXPECT_FALSE(fault.detail.empty());
    out.append(out.empty() ? "" : " ").append(fault.field).append(":").append(fault.code);
  }
  return out;
}

TEST(ResourceDeclaration, DefaultsAreFilledInAndFieldsStandInDeclaredOrder) {
  EXPECT_EQ(completed(R"({"most":3,"name":"a"})"), R"({"name":"a","protocol":"http","most":3})");
}

TEST(ResourceDeclaration, AllFaultsAreToldAtOnce) {
  EXPECT_EQ(
      faults(R"({"protocol":"gopher","least":-1,"most":11,"passive":"no","code":"ab","colour":1})"),
      "colour:unknown name:required protocol:not_listed least:too_small most:too_large passive:type code:pattern");
}

TEST(ResourceDeclaration, LengthsCountCharactersNotBytes) {
  EXPECT_EQ(faults(R"({"name":"町町町町町町町町"})"), "none");
  EXPECT_EQ(faults(R"({"name":"町町町町町町町町町"})"), "name:too_long");
  EXPECT_EQ(faults(R"({"name":""})"), "name:too_short");
  EXPECT_EQ(faults("{\"name\":\"a\\u0007\"}"), "name:control_character");
}

TEST(ResourceDeclaration, ABodyThatIsNoObjectIsRefused) {
  EXPECT_EQ(faults("[]"), ":type");
}

TEST(ResourceDeclaration, RulesHoldOverSeveralFields) {
  EXPECT_EQ(faults(R"({"name":"a","least":5,"most":4})"), "least:order");
  EXPECT_EQ(faults(R"({"name":"a","least":4,"most":4})"), "none");
  EXPECT_EQ(faults(R"({"name":"a","code":"abc","passive":true})"), "code:exclusive");
  EXPECT_EQ(faults(R"({"name":"a","user":"u"})"), "password:required");
  EXPECT_EQ(faults(R"({"name":"a","protocol":"ftp"})"), "user:required");
}

TEST(ResourceDeclaration, WhatIsImmutableStaysAsItWas) {
  const std::string_view current = R"({"name":"a","protocol":"ftp","user":"u","password":"p"})";
  EXPECT_EQ(faults(R"({"name":"a","protocol":"http"})", current), "protocol:immutable");
  EXPECT_EQ(faults(R"({"name":"b","protocol":"ftp","user":"u"})", current), "name:immutable");
  EXPECT_EQ(faults(R"({"name":"a","protocol":"ftp","user":"v"})", current), "none");
}

TEST(ResourceDeclaration, TheEnvelopeAndTheStateAreIgnoredWhenSentBack) {
  EXPECT_EQ(completed(R"({"id":"a","name":"a","state":"ready","revision":3,"modified_by":"x"})"),
            R"({"name":"a","protocol":"http"})");
}

TEST(ResourceDeclaration, ASecretStaysUnlessANewOneIsGiven) {
  const Json current = json(R"({"name":"a","protocol":"http","user":"u","password":"old"})");
  for (const auto& [sent, expected] :
       {std::pair(R"({"name":"a","user":"u"})", "old"), std::pair(R"({"name":"a","user":"u","password":"***"})", "old"),
        std::pair(R"({"name":"a","user":"u","password":"new"})", "new")}) {
    const auto document = complete(kSample, json(sent), &current);
    ASSERT_TRUE(document);
    EXPECT_EQ(document->find("password")->as_string(), expected) << sent;
    EXPECT_EQ(masked(kSample, *document).find("password")->as_string(), "***");
  }
}

TEST(ResourceDeclaration, AMergePatchTakesNullBackToTheDefault) {
  const Json current = json(R"({"name":"a","protocol":"http","least":2,"most":3})");
  const Json merged = patched(kSample, current, json(R"({"least":null,"most":5})"));
  EXPECT_EQ(complete(kSample, merged, &current)->dump(), R"({"name":"a","protocol":"http","most":5})");
}

TEST(ResourceDeclaration, AnIdOfSeveralFieldsReadsBack) {
  ResourceDeclaration two = sample_declaration();
  two.key = {"name", "protocol"};
  const Json document = json(R"({"name":"a,b%","protocol":"http"})");
  EXPECT_EQ(id_of(two, document), "a%2Cb%25,http");
  EXPECT_EQ(key_of(two, "a%2Cb%25,http"), (std::vector<std::string>{"a,b%", "http"}));
  EXPECT_TRUE(key_of(two, "a").empty());
  EXPECT_EQ(id_of(kSample, document), "a,b%");
}

TEST(ResourceDeclaration, ContradictionsAreFoundAtTheStart) {
  const auto refused = [](auto change) {
    ResourceDeclaration d = sample_declaration();
    change(d);
    EXPECT_THROW(check_declaration(d), std::logic_error);
  };
  check_declaration(kSample);
  refused([](auto& d) { d.key = {}; });
  refused([](auto& d) { d.key = {"nothing"}; });
  refused([](auto& d) { d.key = {"password"}; });
  refused([](auto& d) { d.fields[1].fallback = Json("gopher"); });
  refused([](auto& d) { d.fields[2].name = "revision"; });
  refused([](auto& d) { d.rules.push_back({CrossRule::Kind::ordered, {"least", "nothing"}}); });
  EXPECT_THROW(ResourceCatalogue({sample_declaration(), sample_declaration()}), std::logic_error);
}

TEST(Yaml, QuotesWhatWouldReadAsSomethingElse) {
  EXPECT_EQ(
      to_yaml(json(R"({"a":"text","b":"true","c":"1.0","d":": x","e":[],"f":[1,{"g":"h","i":[true]}],"200":"町"})")),
      "a: text\nb: \"true\"\nc: \"1.0\"\nd: \": x\"\ne: []\nf:\n  - 1\n  - g: h\n    i:\n      - true\n\"200\": "
      "\"町\"\n");
}

}  // namespace
}  // namespace machi::core

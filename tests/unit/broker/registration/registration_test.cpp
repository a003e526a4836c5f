#include "broker/registration/registration.h"

#include <gtest/gtest.h>

namespace machi::broker {
namespace {

constexpr ngsiv2::Rules kOrion{.forbid_characters = true};

std::string body(std::string_view provided, std::string_view provider, std::string_view more = "") {
  return R"({"dataProvided":)" + std::string(provided) + R"(,"provider":)" + std::string(provider) + std::string(more) +
         "}";
}

const std::string kProvided = R"({"entities":[{"id":"E1","type":"T1"}],"attrs":["A1","A2"]})";
const std::string kProvider = R"({"http":{"url":"http://localhost:9801/v2"}})";

std::string item(std::string_view entity) {
  return body(R"({"entities":[)" + std::string(entity) + "]}", kProvider);
}

std::string rendered(const Registration& registration, Timestamp now = {}) {
  std::string out;
  render_registration(registration, now, out);
  return out;
}

struct Refused {
  std::string body;
  std::string description;
  ErrorCode code = ErrorCode::bad_request;
};

class RegistrationRefused : public ::testing::TestWithParam<Refused> {};
TEST_P(RegistrationRefused, SaysWhatOrionSays) {
  const auto parsed = parse_registration(GetParam().body, kOrion);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, GetParam().description);
  EXPECT_EQ(parsed.error().code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Body, RegistrationRefused,
    ::testing::Values(
        Refused{"{{", "Errors found in incoming JSON buffer"}, Refused{R"(["a"])", "not a JSON object"},
        Refused{"{}", "empty payload"}, Refused{R"({"description":4})", "invalid description"},
        Refused{R"({"description":")" + std::string(1025, 'x') + "\"}", "max description length exceeded"},
        Refused{R"({"description":"<>="})", "forbidden characters in description"},
        Refused{R"({"description":"D"})", "the field /dataProvided/ is missing in payload"},
        Refused{body(kProvided, kProvider, R"(,"expires":5)"), "expires is not a string"},
        Refused{body(kProvided, kProvider, R"(,"expires":"soon")"), "the field /expires/ has an invalid format"},
        Refused{body(kProvided, kProvider, R"(,"status":5)"), "/status/ must be a string"},
        Refused{body(kProvided, kProvider, R"(,"status":"x")"), "invalid value for /status/"}));

INSTANTIATE_TEST_SUITE_P(
    DataProvided, RegistrationRefused,
    ::testing::Values(
        Refused{body("5", kProvider), "/dataProvided/ must be a JSON object"},
        Refused{body("{}", kProvider), "/dataProvided/ is empty"},
        Refused{body(R"({"entities":6})", kProvider), "/entities/ is not an array"},
        Refused{item("1"), "/entities/ vector item is not an object"},
        Refused{item(R"({"type":"T1"})"), "/entities/ vector item does not have /id/ nor /idPattern/"},
        Refused{item(R"({"id":"E1","idPattern":"E.*"})"), "/entities/ vector item has both /id/ and /idPattern/"},
        Refused{item(R"({"id":true})"), "/entities/ vector item /id/ is not a string"},
        Refused{item(R"({"id":""})"), "/entities/ element id is empty"},
        Refused{item(R"({"id":"<>!="})"), "forbidden characters in /entities/ vector item /id/"},
        Refused{item(R"({"id":")" + std::string(257, 'x') + "\"}"),
                "max id length exceeded in /entities/ vector item /id/"},
        Refused{item(R"({"idPattern":7})"), "/entities/ vector item /idPattern/ is not a string"},
        Refused{item(R"({"idPattern":""})"), "/entities/ vector item /idPattern/ is empty"},
        Refused{item(R"({"id":"E1","type":"T1","typePattern":"T.*"})"),
                "/entities/ element has both /type/ and /typePattern/"},
        Refused{item(R"({"id":"E1","type":6})"), "/entities/ vector item type is not a string"},
        Refused{item(R"({"id":"E1","type":""})"), "entity type length: 0, min length supported: 1"},
        Refused{item(R"({"id":"E1","type":"<=>"})"), "forbidden characters in /entities/ vector item /type/"},
        Refused{item(R"({"id":"E1","typePattern":false})"), "/entities/ vector item /typePattern/ is not a string"},
        Refused{item(R"({"id":"E1","typePattern":""})"), "/entities/ vector item /typePattern/ is empty"},
        Refused{item(R"({"idPattern":"E.*"})"), "Unsupported idPattern", ErrorCode::not_implemented},
        Refused{item(R"({"id":"E1","typePattern":".*"})"), "typePattern is not supported", ErrorCode::not_implemented},
        Refused{body(R"({"attrs":true})", kProvider), "the field /attrs/ must be a JSON array"},
        Refused{body(R"({"attrs":[1]})", kProvider), "only JSON Strings allowed in string vector /attrs/"},
        Refused{body(R"({"attrs":["A",""]})", kProvider), "empty string found in string vector /attrs/"},
        Refused{body(R"({"attrs":["A<1>"]})", kProvider), "forbidden characters in attribute name"},
        Refused{body(R"({"attrs":["A","B","A"]})", kProvider), "duplicated item /A/ in array"}));

INSTANTIATE_TEST_SUITE_P(
    Provider, RegistrationRefused,
    ::testing::Values(Refused{R"({"dataProvided":{"attrs":[]}})", "the field /provider/ is missing in payload"},
                      Refused{body(kProvided, "{}"), "/provider/ empty"},
                      Refused{body(kProvided, "7"), "/provider/ must be a JSON object"},
                      Refused{body(kProvided, R"({"a":0})"), "/provider/ must contain a field /http/"},
                      Refused{body(kProvided, R"({"http":4})"), "/http/ must be a JSON object"},
                      Refused{body(kProvided, R"({"http":{}})"), "/http/ must contain a field /url/"},
                      Refused{body(kProvided, R"({"http":{"url":4}})"), "/url/ field of /http/ must be a JSON string"},
                      Refused{body(kProvided, R"({"http":{"url":""}})"),
                              "/url/ field of /http/ cannot be the empty string"},
                      Refused{body(kProvided, R"({"http":{"url":"www:/abc"}})"), "/url/ field of /http/ is invalid"},
                      Refused{body(kProvided, R"({"http":{"url":"mqtt://a/"}})"), "/url/ field of /http/ is invalid"},
                      Refused{body(kProvided, R"({"http":{"url":"http://a/"},"supportedForwardingMode":true})"),
                              "/supportedForwardingMode/ must be a JSON string"},
                      Refused{body(kProvided, R"({"http":{"url":"http://a/"},"supportedForwardingMode":"x"})"),
                              "invalid value of /supportedForwardingMode/"},
                      Refused{body(kProvided, R"({"http":{"url":"http://a/"},"legacyForwarding":1})"),
                              "the field /legacyForwarding/ must be a boolean"}));

TEST(Registration, BodyIsReadWhole) {
  const auto parsed = parse_registration(
      R"({"description":"D","expires":"2030-01-01T00:00:00Z","status":"inactive",
          "dataProvided":{"entities":[{"id":"E1","type":"T1"},{"idPattern":".*"},{"id":"E1","type":"T1"}],"attrs":["A1"]},
          "provider":{"http":{"url":"http://a/v2"},"supportedForwardingMode":"query","legacyForwarding":true}})",
      kOrion);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->description, "D");
  EXPECT_EQ(parsed->entities, (std::vector<ProvidedEntity>{{"E1", "T1"}, {}}));
  EXPECT_EQ(parsed->attributes, std::vector<std::string>{"A1"});
  EXPECT_EQ(parsed->url, "http://a/v2");
  EXPECT_EQ(parsed->mode, ForwardingMode::query);
  EXPECT_TRUE(parsed->legacy_forwarding);
  EXPECT_FALSE(parsed->active);
  EXPECT_EQ(parsed->expires, parse_iso8601("2030-01-01T00:00:00Z"));
}

TEST(Registration, ForbiddenCharactersAreARuleOfTheTenant) {
  EXPECT_TRUE(parse_registration(body(kProvided, kProvider, R"x(,"description":"a = b (c)")x"), {}));
}

TEST(Registration, RendersAsOrionDoes) {
  auto registration = *parse_registration(body(kProvided, kProvider, R"(,"description":"D")"), kOrion);
  registration.id = "5f0000000000000000000001";
  EXPECT_EQ(rendered(registration),
            R"({"id":"5f0000000000000000000001","description":"D",)"
            R"("dataProvided":{"entities":[{"id":"E1","type":"T1"}],"attrs":["A1","A2"]},)"
            R"("provider":{"http":{"url":"http://localhost:9801/v2"},"supportedForwardingMode":"all",)"
            R"("legacyForwarding":false},"status":"active"})");
}

TEST(Registration, AnyIdIsRenderedAsPattern) {
  const auto registration = *parse_registration(item(R"({"idPattern":".*","type":"T"})"), kOrion);
  EXPECT_NE(rendered(registration).find(R"("entities":[{"idPattern":".*","type":"T"}])"), std::string::npos);
}

TEST(Registration, StatusTellsExpiry) {
  auto registration = *parse_registration(body(kProvided, kProvider, R"(,"expires":"2020-01-01T00:00:00Z")"), kOrion);
  const auto expiry = *registration.expires;
  EXPECT_NE(rendered(registration, expiry - std::chrono::seconds(1)).find(R"("status":"active")"), std::string::npos);
  EXPECT_NE(rendered(registration, expiry).find(R"("status":"expired")"), std::string::npos);
  EXPECT_FALSE(registration.is_usable(expiry));
  EXPECT_NE(rendered(registration).find(R"("expires":"2020-01-01T00:00:00.000Z")"), std::string::npos);
}

TEST(Registration, ForwardingInformationAppearsWithTheFirstForward) {
  auto registration = *parse_registration(body(kProvided, kProvider), kOrion);
  EXPECT_EQ(rendered(registration).find("forwardingInformation"), std::string::npos);
  registration.forwarding.times_sent = 2;
  registration.forwarding.last_forwarding = Timestamp{1'000'000};
  registration.forwarding.last_failure = Timestamp{1'000'000};
  EXPECT_TRUE(rendered(registration)
                  .ends_with(R"("forwardingInformation":{"timesSent":2,"lastForwarding":"1970-01-01T00:00:01.000Z",)"
                             R"("lastFailure":"1970-01-01T00:00:01.000Z"}})"))
      << rendered(registration);
}

TEST(Registration, DefinitionComesBackUnchanged) {
  auto registration = *parse_registration(
      body(R"({"entities":[{"idPattern":".*"},{"id":"E2","type":"T"}],"attrs":[]})",
           R"({"http":{"url":"https://a:1/b?c"},"supportedForwardingMode":"none","legacyForwarding":true})",
           R"(,"description":"<町>","status":"inactive","expires":"2030-01-01T00:00:00.123456Z")"),
      {});
  const auto back = from_definition(to_definition(registration));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_definition(*back), to_definition(registration));
  EXPECT_EQ(back->expires, registration.expires);
  EXPECT_EQ(back->entities, registration.entities);
  EXPECT_FALSE(back->active);
}

TEST(Registration, PatchChangesWhatItNames) {
  const auto before = *parse_registration(body(kProvided, kProvider, R"(,"description":"D")"), kOrion);
  const auto after =
      patch_registration(before, R"({"status":"inactive","dataProvided":{"entities":[{"id":"E9"}]}})", kOrion);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_FALSE(after->active);
  EXPECT_EQ(after->entities, (std::vector<ProvidedEntity>{{"E9", ""}}));
  EXPECT_TRUE(after->attributes.empty()) << "dataProvided is replaced as a whole";
  EXPECT_EQ(after->description, "D");
  EXPECT_EQ(after->url, before.url);
}

TEST(Registration, PatchWithEmptyExpiresMakesPermanent) {
  const auto before = *parse_registration(body(kProvided, kProvider, R"(,"expires":"2020-01-01T00:00:00Z")"), kOrion);
  const auto after = patch_registration(before, R"({"expires":""})", kOrion);
  ASSERT_TRUE(after);
  EXPECT_FALSE(after->expires);
}

TEST(Registration, PatchIsCheckedAsCreationIs) {
  const auto before = *parse_registration(body(kProvided, kProvider), kOrion);
  const auto sentence = [&](std::string_view patch) {
    return patch_registration(before, patch, kOrion).error().message;
  };
  EXPECT_EQ(sentence("{}"), "empty payload");
  EXPECT_EQ(sentence(R"({"provider":{"legacyForwarding":true}})"), "/provider/ must contain a field /http/");
  EXPECT_EQ(sentence(R"({"status":"expired"})"), "invalid value for /status/");
}

}  // namespace
}  // namespace machi::broker

#include <gtest/gtest.h>

#include "broker/ngsiv2/batch_outcome.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/preconditions.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr Rules kOrion{.forbid_characters = true};

net::Request get(std::string query, std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::Request r{.method = net::Method::get, .path = "/v2/entities", .query = std::move(query)};
  for (auto& [name, value] : headers) r.headers.add(name, value);
  return r;
}

net::Request post(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::Request r = get("", std::move(headers));
  r.method = net::Method::post;
  r.body = std::move(body);
  return r;
}

std::string told(const net::Request& request, Rules rules = kOrion) {
  const auto preamble = read_preamble(request, rules);
  if (preamble) return "accepted";
  return std::to_string(error_info(preamble.error().code).http_status) + " " + preamble.error().message;
}

TEST(Parameters, AreReadWithTheirDefaults) {
  const auto none = read_preamble(get(""), kOrion)->parameters;
  EXPECT_EQ(none.limit, 20);
  EXPECT_EQ(none.offset, 0);
  const auto p =
      read_preamble(get("limit=5&offset=7&id=a,b&type=T,U&attrs=x,y,x&options=count,keyValues&orderBy=!a&foo=1"),
                    kOrion)
          ->parameters;
  EXPECT_EQ(p.limit, 5);
  EXPECT_EQ(p.offset, 7);
  EXPECT_EQ(p.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(p.types, (std::vector<std::string>{"T", "U"}));
  EXPECT_EQ(p.attrs, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(p.order_by, "!a");
  EXPECT_TRUE(p.has(Option::count));
  EXPECT_TRUE(p.has(Option::key_values));
  EXPECT_FALSE(p.has(Option::values));
}

TEST(Parameters, DateOptionsAreAttributes) {
  EXPECT_EQ(read_preamble(get("options=dateCreated"), kOrion)->parameters.attrs,
            (std::vector<std::string>{"*", "dateCreated"}));
  EXPECT_EQ(read_preamble(get("options=dateModified&attrs=a"), kOrion)->parameters.attrs,
            (std::vector<std::string>{"a", "dateModified"}));
}

TEST(Parameters, AreRefusedInKnownWords) {
  EXPECT_EQ(told(get("limit=x")), "400 Bad pagination limit: /x/ [must be a positive integer number]");
  EXPECT_EQ(told(get("limit=-1")), "400 Bad pagination limit: /-1/ [must be a positive integer number]");
  EXPECT_EQ(told(get("limit=1001")), "400 Bad pagination limit: /1001/ [max: 1000]");
  EXPECT_EQ(told(get("limit=99999999999999999999")), "400 Bad pagination limit: /99999999999999999999/ [max: 1000]");
  EXPECT_EQ(told(get("offset=x")), "400 Bad pagination offset: /x/ [must be a decimal number]");
  EXPECT_EQ(told(get("options=foo")), "400 Invalid value for URI param /options/");
  EXPECT_EQ(told(get("options=values,unique")), "400 Invalid value for URI param /options/");
  EXPECT_EQ(told(get("a")), "400 Empty right-hand-side for URI param /a/");
  EXPECT_EQ(told(get("a=")), "400 Empty right-hand-side for URI param /a/");
  EXPECT_EQ(told(get("foo=%3C")), "400 invalid character in URI parameter");
  EXPECT_EQ(told(get("foo=%3C"), {}), "accepted");
  EXPECT_EQ(told(get("q=a==1;b")), "accepted");
  EXPECT_EQ(told(get("coords=1,2;3,4&georel=near;maxDistance==1&geometry=line")), "accepted");
  EXPECT_EQ(told(get("limit=x&offset=y")), "400 Bad pagination offset: /y/ [must be a decimal number]");
}

TEST(ServicePath, IsListTrimmedAndChecked) {
  const auto paths = [](std::string value) {
    return *read_service_paths(get("", {{"Fiware-ServicePath", value}}).headers, net::Method::get);
  };
  EXPECT_EQ(paths("/a/b/, /c"), (std::vector<std::string>{"/a/b", "/c"}));
  EXPECT_EQ(paths("/"), (std::vector<std::string>{"/"}));
  EXPECT_EQ(paths("/a/#"), (std::vector<std::string>{"/a/#"}));
  EXPECT_TRUE(paths("").empty());
}

TEST(ServicePath, IsRefusedInKnownWords) {
  const auto refused = [](std::string value, net::Method method = net::Method::get) {
    const auto r = read_service_paths(get("", {{"Fiware-ServicePath", value}}).headers, method);
    return r ? "accepted" : r.error().message;
  };
  EXPECT_EQ(refused("a"), "Only /absolute/ Service Paths allowed [a service path must begin with /]");
  EXPECT_EQ(refused("//a"), "empty component in ServicePath");
  EXPECT_EQ(refused("/a//b"), "empty component in ServicePath");
  EXPECT_EQ(refused("/a-b"), "a component of ServicePath contains an illegal character");
  EXPECT_EQ(refused("/#/a"), "a component of ServicePath contains an illegal character");
  EXPECT_EQ(refused("/1/2/3/4/5/6/7/8/9/10"), "accepted");
  EXPECT_EQ(refused("/1/2/3/4/5/6/7/8/9/10/11"), "too many components in ServicePath");
  EXPECT_EQ(refused("/" + std::string(51, 'a')), "component-name too long in ServicePath");
  EXPECT_EQ(refused("/a,/b,/c,/d,/e,/f,/g,/h,/i,/j,/k"),
            "too many service paths - a maximum of ten service paths is allowed");
  EXPECT_EQ(refused("/a,/b", net::Method::patch), "more than one servicepath in patch update request is not allowed");
  EXPECT_EQ(refused("/a,/b", net::Method::delete_), "more than one servicepath is not allowed in DELETE operation");
  EXPECT_EQ(refused("/a/#", net::Method::patch), "servicepath with wildcard # is not allowed in patch update request");
  EXPECT_EQ(refused("/a/#", net::Method::delete_), "servicepath with wildcard # is not allowed in DELETE operation");
}

TEST(ServicePath, WritesGoToOnePath) {
  EXPECT_EQ(*path_of_write({}), "/");
  EXPECT_EQ(*path_of_write({"/a"}), "/a");
  EXPECT_EQ(path_of_write({"/a", "/b"}).error().message, "more than one service path in context update request");
  EXPECT_EQ(path_of_write({"/#"}).error().message, "Bad Character in Service-Path");
}

TEST(Service, IsLowerCaseAndChecked) {
  const auto service = [](std::string value) {
    const auto s = read_service(get("", {{"Fiware-Service", value}}).headers);
    return s ? *s : s.error().message;
  };
  EXPECT_EQ(service("Smart_City1"), "smart_city1");
  EXPECT_EQ(service("a-b"), "bad character in tenant name - only underscore and alphanumeric characters are allowed");
  EXPECT_EQ(service(std::string(51, 'a')), "bad length - a tenant name can be max 50 characters long");
}

TEST(Accept, IsReadWithQualities) {
  const auto accept = [](std::string value) { return *read_accept(get("", {{"Accept", value}}).headers); };
  EXPECT_TRUE(accept("*/*").json);
  EXPECT_TRUE(accept("*/*").text);
  EXPECT_FALSE(accept("application/*").text);
  EXPECT_TRUE(accept("application/json;q=0.5, text/plain").text_first);
  EXPECT_FALSE(accept("application/json, text/plain").text_first);
  EXPECT_FALSE(accept("image/png, text/*; q=0.1").json);
}

TEST(Accept, IsRefusedInKnownWords) {
  EXPECT_EQ(told(get("", {{"Accept", "image/png"}})), "406 no acceptable mime-type in accept header");
  EXPECT_EQ(told(get("", {{"Accept", "text/plain"}})), "406 acceptable MIME types: application/json");
  EXPECT_EQ(told(get("", {{"Accept", ""}})), "400 empty accept header");
  EXPECT_EQ(told(get("", {{"Accept", "*/*;r=1"}})), "400 q missing in accept header");
  EXPECT_EQ(told(get("", {{"Accept", "*/*;q1"}})), "400 missing equal-sign after q in accept header");
  EXPECT_EQ(told(get("", {{"Accept", "*/*;q="}})), "400 qvalue in accept header is missing");
  EXPECT_EQ(told(get("", {{"Accept", "*/*;q=x"}})), "400 qvalue in accept header is not a number");
  net::Request value = get("", {{"Accept", "text/plain"}});
  value.path = "/v2/entities/E/attrs/a/value";
  EXPECT_EQ(told(value), "accepted");
}

TEST(Content, TypeAndLengthAreChecked) {
  EXPECT_EQ(told(post("{}", {{"Content-Type", "application/json; charset=utf-8"}})), "accepted");
  EXPECT_EQ(told(post("{}", {{"Content-Type", "application/xml"}})), "415 not supported content type: application/xml");
  EXPECT_EQ(told(post("{}")), "415 Content-Type header not used, default application/octet-stream is not supported");
  EXPECT_EQ(told(post("")), "411 Zero/No Content-Length in PUT/POST/PATCH request");
  EXPECT_EQ(told(get("", {{"Content-Type", "application/json"}})),
            "400 Orion accepts no payload for GET/DELETE requests. HTTP header Content-Type is thus forbidden");
}

TEST(Path, HoldsNoForbiddenCharacters) {
  net::Request r = get("");
  r.path = "/v2/entities/a%3Cb";
  EXPECT_EQ(told(r), "400 invalid character in URI");
  EXPECT_EQ(told(r, {}), "accepted");
}

TEST(Errors, BodiesEscapeLikeOrion) {
  EXPECT_EQ(error_body({ErrorCode::bad_request, "a (b) 'c' \"d\" <e>=f;"}),
            R"({"error":"BadRequest","description":"a &#40;b&#41; &#39;c&#39; &quot;d&quot; &lt;e&gt;&#61;f&#59;"})");
}

Error missing(std::string label, std::string names, ErrorCode code) {
  const std::string subject = label + " - [ " + names + " ]";
  return {code, "do not exist: " + subject, subject};
}

TEST(BatchOutcome, AllWellIsNoError) {
  EXPECT_FALSE(merge_outcomes({{"E/T", {}}}));
}

TEST(BatchOutcome, TellsAllRefusalsInOneSentence) {
  const BatchItem none{"E3/T", errors::entity_not_found()};
  const BatchItem part{"E1/T", missing("E1/T", "B", ErrorCode::partial_update)};
  const BatchItem all{"E2/T", missing("E2/T", "C, D", ErrorCode::unprocessable)};
  const BatchItem well{"E4/T", {}};
  const auto merged = [](std::vector<BatchItem> items) {
    const auto e = merge_outcomes(items);
    return std::string(error_name(e->code)) + " " + e->message;
  };
  EXPECT_EQ(merged({none}), "NotFound do not exist: E3/T - [entity itself]");
  EXPECT_EQ(merged({none, none}), "NotFound do not exist: E3/T - [entity itself], E3/T [entity itself]");
  EXPECT_EQ(merged({none, well}), "PartialUpdate do not exist: E3/T - [entity itself]");
  EXPECT_EQ(merged({part, none}), "PartialUpdate do not exist: E1/T - [ B ], E3/T [entity itself]");
  EXPECT_EQ(merged({all}), "Unprocessable do not exist: E2/T - [ C, D ]");
  EXPECT_EQ(merged({all, none}), "Unprocessable do not exist: E2/T - [ C, D ], E3/T [entity itself]");
  EXPECT_EQ(merged({all, well}), "PartialUpdate do not exist: E2/T - [ C, D ]");
  EXPECT_EQ(merged({part, all}), "PartialUpdate do not exist: E1/T - [ B ], E2/T - [ C, D ]");
}

TEST(BatchOutcome, OtherErrorsGoFirst) {
  const Error failed{ErrorCode::unprocessable, "$inc cannot be applied: its operand is not a number"};
  EXPECT_EQ(merge_outcomes({{"E3/T", errors::entity_not_found()}, {"E/T", failed}}), failed);
}

}  // namespace
}  // namespace machi::broker::ngsiv2

// The face over a real store and database: requests go through the router, answers are looked at as clients see them.
#include "broker/ngsiv2/routes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "base/json.h"
#include "broker/store/postgres_entity_store.h"
#include "unit/db/test_cluster.h"

namespace machi::broker::ngsiv2 {
namespace {

struct Sent {
  net::Method method = net::Method::get;
  std::string target{};
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

net::Request to_request(const Sent& sent) {
  net::Request r{.method = sent.method, .target = sent.target, .body = sent.body};
  const auto mark = sent.target.find('?');
  r.path = sent.target.substr(0, mark);
  if (mark != std::string::npos) r.query = sent.target.substr(mark + 1);
  for (const auto& [name, value] : sent.headers) r.headers.add(name, value);
  if (!sent.body.empty() && !r.headers.has("Content-Type")) r.headers.add("Content-Type", "application/json");
  r.has_framing = !sent.body.empty();
  return r;
}

/// A face over a database of its own.
class RoutesTest : public testing::Test {
 protected:
  RoutesTest() : url_(db::testing::migrated_database()) {}

  /// Sends requests one after the other and gives the answers.
  std::vector<net::Response> send_all(std::vector<Sent> requests) {
    Loop loop(1);
    current_loop_index() = 0;
    db::DatabaseOptions options;
    options.url = url_;
    db::Database database(loop, options);
    TenantDirectory tenants(database, {});
    PostgresEntityStore store(database, tenants.rules(), {}, {&batches_, &changes_, &retries_}, [] {});
    Services services;
    SubscriptionStore subscriptions(database,
                                    std::make_shared<const SecretBox>(std::string(SecretBox::kKeyBytes, 'k')));
    HistoryStore history(database);
    net::Client client(loop, std::make_shared<const net::OutgoingGuard>(), {});
    RegistrationStore registrations(database, std::make_shared<RegistrationNews>(0));
    Forwarder forwarder(client, registrations.book(), {});
    RequestTokens tokens;
    services.add(std::make_unique<LoopServices>(
        LoopServices{store, tenants, subscriptions, history, registrations, forwarder, tokens}));
    std::vector<net::RouteGroup> groups;
    groups.push_back(routes(services, {.version = "1.2.3"}));
    const net::Router router(std::move(groups), nullptr, nullptr);
    std::vector<net::Response> responses;
    asio::co_spawn(loop, exchange(&router, &requests, &responses, &store, &database),
                   [](const std::exception_ptr& failure) {
                     if (failure) std::rethrow_exception(failure);
                   });
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "no answer within a minute";
    responses.resize(requests.size());
    return responses;
  }

  static Task<> exchange(const net::Router* router, const std::vector<Sent>* requests,
                         std::vector<net::Response>* responses, PostgresEntityStore* store, db::Database* database) {
    for (const Sent& sent : *requests) {
      net::Request request = to_request(sent);
      auto response = co_await router->handle(request);
      responses->push_back(std::move(response));
    }
    co_await store->close();
    co_await database->close();
  }

  net::Response send(Sent request) { return send_all({std::move(request)}).front(); }
  net::Response get(std::string target, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return send({.target = std::move(target), .headers = std::move(headers)});
  }
  int create(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return send({net::Method::post, "/v2/entities", std::move(body), std::move(headers)}).status;
  }

  std::string url_;
  core::Counter batches_, changes_, retries_;
};

std::string told(const net::Response& response) {
  return std::to_string(response.status) + " " + response.body;
}

TEST_F(RoutesTest, ACreatedEntityIsRetrievedInEveryForm) {
  const auto created =
      send({net::Method::post, "/v2/entities",
            R"({"id":"E","type":"T","a":{"value":1},"b":{"value":"x","metadata":{"m":{"value":2}}}})"});
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.headers.get("Location"), "/v2/entities/E?type=T");
  EXPECT_EQ(get("/v2/entities/E").body,
            R"({"id":"E","type":"T","a":{"type":"Number","value":1,"metadata":{}},)"
            R"("b":{"type":"Text","value":"x","metadata":{"m":{"type":"Number","value":2}}}})");
  EXPECT_EQ(get("/v2/entities/E?options=keyValues").body, R"({"id":"E","type":"T","a":1,"b":"x"})");
  EXPECT_EQ(get("/v2/entities/E/attrs?options=keyValues&attrs=b").body, R"({"b":"x"})");
  EXPECT_EQ(get("/v2/entities/E/attrs/b").body,
            R"({"type":"Text","value":"x","metadata":{"m":{"type":"Number","value":2}}})");
  EXPECT_EQ(get("/v2/entities/E/attrs/b?options=keyValues").body, R"({"b":"x"})");
}

TEST_F(RoutesTest, CreatingTwiceIsRefusedUnlessUpserting) {
  EXPECT_EQ(create(R"({"id":"E","a":{"value":1}})"), 201);
  EXPECT_EQ(told(send({net::Method::post, "/v2/entities", R"({"id":"E"})"})),
            R"(422 {"error":"Unprocessable","description":"Already Exists"})");
  const auto upserted = send({net::Method::post, "/v2/entities?options=upsert", R"({"id":"E","b":{"value":2}})"});
  EXPECT_EQ(upserted.status, 204);
  EXPECT_EQ(upserted.headers.get("Location"), "/v2/entities/E?type=Thing");
  EXPECT_EQ(get("/v2/entities/E?options=values").body, "[1,2]");
}

TEST_F(RoutesTest, WhatDoesNotExistIsNotFound) {
  constexpr std::string_view kNone =
      R"(404 {"error":"NotFound","description":"The requested entity has not been found. Check type and id"})";
  EXPECT_EQ(told(get("/v2/entities/E")), kNone);
  EXPECT_EQ(create(R"({"id":"E","type":"T","a":{"value":1}})"), 201);
  EXPECT_EQ(told(get("/v2/entities/E?type=U")), kNone);
  EXPECT_EQ(told(get("/v2/entities/F")), kNone);
  EXPECT_EQ(told(send({net::Method::delete_, "/v2/entities/F"})), kNone);
  EXPECT_EQ(told(send({net::Method::put, "/v2/entities/F/attrs/a/value", "[]"})), kNone);
  constexpr std::string_view kNoAttribute =
      R"(404 {"error":"NotFound","description":"The entity does not have such an attribute"})";
  EXPECT_EQ(told(get("/v2/entities/E/attrs/x")), kNoAttribute);
  EXPECT_EQ(told(send({net::Method::put, "/v2/entities/E/attrs/x", R"({"value":1})"})), kNoAttribute);
  EXPECT_EQ(told(send({net::Method::delete_, "/v2/entities/E/attrs/x"})), kNoAttribute);
}

TEST_F(RoutesTest, AttributesAreUpdatedAppendedReplacedAndRemoved) {
  EXPECT_EQ(create(R"({"id":"E","type":"T","a":{"value":1}})"), 201);
  const auto values = [this] { return get("/v2/entities/E?options=keyValues").body; };
  EXPECT_EQ(told(send({net::Method::patch, "/v2/entities/E/attrs", R"({"a":{"value":2},"x":{"value":1}})"})),
            R"(422 {"error":"PartialUpdate","description":"do not exist: E - [ x ]"})");
  EXPECT_EQ(send({net::Method::post, "/v2/entities/E/attrs?options=keyValues", R"({"b":3})"}).status, 204);
  EXPECT_EQ(values(), R"({"id":"E","type":"T","a":2,"b":3})");
  EXPECT_EQ(
      told(send({net::Method::post, "/v2/entities/E/attrs?options=append&type=T", R"({"b":{"value":1}})"})),
      R"(422 {"error":"Unprocessable","description":"one or more of the attributes in the request already exist: E/T - [ b ]"})");
  EXPECT_EQ(send({net::Method::put, "/v2/entities/E/attrs/b", R"({"value":{"$inc":4}})"}).status, 204);
  EXPECT_EQ(send({net::Method::delete_, "/v2/entities/E/attrs/a"}).status, 204);
  EXPECT_EQ(values(), R"({"id":"E","type":"T","b":7})");
  EXPECT_EQ(send({net::Method::put, "/v2/entities/E/attrs", R"({"c":{"value":[]}})"}).status, 204);
  EXPECT_EQ(values(), R"({"id":"E","type":"T","c":[]})");
  EXPECT_EQ(send({net::Method::delete_, "/v2/entities/E"}).status, 204);
  EXPECT_EQ(get("/v2/entities/E").status, 404);
}

TEST_F(RoutesTest, ValuesAreNegotiated) {
  EXPECT_EQ(
      create(
          R"({"id":"E","s":{"value":"a \"b\""},"o":{"value":{"x":1}},"d":{"type":"DateTime","value":"2026-01-01"}})"),
      201);
  const auto text = get("/v2/entities/E/attrs/s/value");
  EXPECT_EQ(text.body, R"("a "b"")");
  EXPECT_EQ(text.headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(get("/v2/entities/E/attrs/d/value").body, "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(told(get("/v2/entities/E/attrs/s/value", {{"Accept", "application/json"}})),
            R"(406 {"error":"NotAcceptable","description":"accepted MIME types: text/plain"})");
  EXPECT_EQ(get("/v2/entities/E/attrs/o/value").headers.get("Content-Type"), "application/json");
  EXPECT_EQ(get("/v2/entities/E/attrs/o/value", {{"Accept", "text/plain"}}).headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(send({net::Method::put, "/v2/entities/E/attrs/s/value", "23.5", {{"Content-Type", "text/plain"}}}).status,
            204);
  EXPECT_EQ(get("/v2/entities/E/attrs/s").body, R"({"type":"Text","value":23.5,"metadata":{}})");
}

TEST_F(RoutesTest, ListsAreFilteredPagedAndCounted) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(create(fmt::format(R"({{"id":"E{0}","type":"T","a":{{"value":{0}}}}})", i)), 201);
  }
  const auto page = get("/v2/entities?type=T&q=a%3E1&options=count,values&limit=1");
  EXPECT_EQ(page.body, "[[2]]");
  EXPECT_EQ(page.headers.get("Fiware-Total-Count"), "2");
  EXPECT_EQ(get("/v2/entities?orderBy=!a&options=values").body, "[[3],[2],[1]]");
  EXPECT_EQ(get("/v2/entities?id=E1,E3&options=values").body, "[[1],[3]]");
  EXPECT_EQ(get("/v2/entities?type=U").body, "[]");
  EXPECT_EQ(told(get("/v2/entities?id=E1&idPattern=.*")),
            R"(400 {"error":"BadRequest","description":"Incompatible parameters: id, IdPattern"})");
  EXPECT_EQ(send({net::Method::post, "/v2/op/query?options=keyValues",
                  R"({"entities":[{"idPattern":"E[12]"}],"attrs":["a"],"expression":{"q":"a<2"}})"})
                .body,
            R"([{"id":"E1","type":"T","a":1}])");
}

TEST_F(RoutesTest, ServicePathsNarrowReadsAndPlaceWrites) {
  EXPECT_EQ(create(R"({"id":"E","type":"T"})", {{"Fiware-ServicePath", "/a/b"}}), 201);
  EXPECT_EQ(get("/v2/entities/E", {{"Fiware-ServicePath", "/a"}}).status, 404);
  EXPECT_EQ(get("/v2/entities/E", {{"Fiware-ServicePath", "/a/#"}}).status, 200);
  EXPECT_EQ(get("/v2/entities/E?attrs=servicePath&options=keyValues").body,
            R"({"id":"E","type":"T","servicePath":"/a/b"})");
  EXPECT_EQ(send({net::Method::delete_, "/v2/entities/E"}).status, 404) << "writes go to / when no path is named";
  EXPECT_EQ(send({net::Method::delete_, "/v2/entities/E", "", {{"Fiware-ServicePath", "/a/b"}}}).status, 204);
}

TEST_F(RoutesTest, TenantsDoNotSeeEachOther) {
  EXPECT_EQ(create(R"({"id":"E"})", {{"Fiware-Service", "Town"}}), 201);
  EXPECT_EQ(get("/v2/entities/E", {{"Fiware-Service", "town"}}).status, 200);
  EXPECT_EQ(get("/v2/entities/E").status, 404);
  EXPECT_EQ(get("/v2/entities?options=count", {{"Fiware-Service", "nobody"}}).headers.get("Fiware-Total-Count"), "0");
}

TEST_F(RoutesTest, BatchesApplyWhatTheyCan) {
  EXPECT_EQ(
      send({net::Method::post, "/v2/op/update",
            R"({"actionType":"append","entities":[{"id":"E1","type":"T","a":{"value":1}},{"id":"E2","type":"T"}]})"})
          .status,
      204);
  EXPECT_EQ(
      told(send(
          {net::Method::post, "/v2/op/update",
           R"({"actionType":"update","entities":[{"id":"E1","type":"T","a":{"value":2},"b":{}},{"id":"E3","type":"T","a":{}}]})"})),
      R"(422 {"error":"PartialUpdate","description":"do not exist: E1/T - [ b ], E3/T [entity itself]"})");
  EXPECT_EQ(get("/v2/entities/E1?options=values").body, "[2]");
  EXPECT_EQ(
      send({net::Method::post, "/v2/op/update", R"({"actionType":"delete","entities":[{"id":"E1"},{"id":"E2"}]})"})
          .status,
      204);
  EXPECT_EQ(get("/v2/entities").body, "[]");
  EXPECT_EQ(send({net::Method::post, "/v2/op/notify",
                  R"({"subscriptionId":"1","data":[{"id":"N","type":"T","a":{"value":1}}]})"})
                .status,
            200);
  EXPECT_EQ(get("/v2/entities/N?options=values").body, "[1]");
}

TEST_F(RoutesTest, TypesAreListedWithTheirAttributes) {
  EXPECT_EQ(create(R"({"id":"E1","type":"U","b":{"value":1}})"), 201);
  EXPECT_EQ(create(R"({"id":"E2","type":"T","a":{"value":1},"dateExpires":{"type":"DateTime","value":"2100-01-01"}})"),
            201);
  EXPECT_EQ(create(R"({"id":"E3","type":"T","a":{"value":"x"}})"), 201);
  EXPECT_EQ(get("/v2/types").body, R"([{"type":"T","attrs":{"a":{"types":["Number","Text"]}},"count":2},)"
                                   R"({"type":"U","attrs":{"b":{"types":["Number"]}},"count":1}])");
  EXPECT_EQ(get("/v2/types?options=values,count&limit=1&offset=1").body, R"(["U"])");
  EXPECT_EQ(get("/v2/types/T?options=noAttrDetail").body, R"({"attrs":{"a":{"types":[]}},"count":2})");
  EXPECT_EQ(told(get("/v2/types/X")), R"(404 {"error":"NotFound","description":"Entity type not found"})");
}

TEST_F(RoutesTest, UnknownPathsAndMethodsAreToldInKnownWords) {
  EXPECT_EQ(told(get("/v2/nothing")),
            R"(400 {"error":"BadRequest","description":"Service not found. Check your URL as probably it is wrong."})");
  const auto wrong = send({net::Method::delete_, "/v2/entities"});
  EXPECT_EQ(told(wrong), R"(405 {"error":"MethodNotAllowed","description":"method not allowed"})");
  EXPECT_EQ(wrong.headers.get("Allow"), "POST, GET");
  EXPECT_EQ(told(get("/v2/entities/a%20b")), R"(400 {"error":"BadRequest","description":"invalid character in URI"})");
}

TEST_F(RoutesTest, InformationNamesVersionAndEntryPoints) {
  EXPECT_EQ(Json::parse(get("/version").body)->find("orion")->find("version")->as_string(), "1.2.3");
  EXPECT_EQ(Json::parse(get("/v2").body)->find("entities_url")->as_string(), "/v2/entities");
}

}  // namespace
}  // namespace machi::broker::ngsiv2

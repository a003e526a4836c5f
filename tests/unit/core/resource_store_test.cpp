#include "core/resource_store.h"

#include "core/resource_file.h"
#include "unit/core/sample_resource.h"
#include "unit/core/with_resource_store.h"
#include "unit/db/test_cluster.h"

namespace machi::core {
namespace {

using db::testing::execute;
using Action = ResourceChange::Action;
using What = ResourceOutcome::What;

class ResourceStoreTest : public WithResourceStore {
 protected:
  /// One change in the default tenant.
  ResourceResult<ResourceOutcome> change(ResourceChange asked) {
    return run<ResourceResult<ResourceOutcome>>(
        [&](ResourceStore& store) { return store.change(&declaration(), 1, asked, {"tester", "c-1"}); });
  }

  ResourceImport import_file(const std::string& text) {
    auto imported = run<Result<ResourceImport>>(
        [&](ResourceStore& store) { return import_resources(&catalogue_, &store, text, false, Actor{"tester", "c"}); });
    EXPECT_TRUE(imported);
    return imported.value_or(ResourceImport{});
  }

  ResourceResult<ResourceOutcome> create(std::string_view body) {
    return change({.action = Action::create, .body = *Json::parse(body)});
  }

  const ResourceDeclaration& declaration() { return catalogue_.kinds().front().declaration; }

  ResourceCatalogue catalogue_{{sample_declaration()}};
};

TEST_F(ResourceStoreTest, AChangeAndItsAuditRecordAreOneTransaction) {
  const auto made = create(R"({"name":"a","user":"u","password":"hidden"})");
  ASSERT_TRUE(made) << made.error().error.message;
  EXPECT_EQ(made->what, What::created);
  EXPECT_EQ(made->resource.revision, 1);
  EXPECT_EQ(execute(url_, "select xmin = (select xmin from machi.audit) from machi.resource"), "t");
  EXPECT_EQ(execute(url_,
                    "select principal || ' ' || operation || ' ' || resource || ' ' || correlator || ' ' || tenant "
                    "from machi.audit"),
            "tester connectors.create connectors/a c-1 1");
  EXPECT_EQ(execute(url_, "select detail -> 'after' ->> 'password' from machi.audit"), "***");
  EXPECT_EQ(execute(url_, "select document ->> 'password' from machi.resource"), "hidden");
}

TEST_F(ResourceStoreTest, AnAuditRecordTellsBeforeAndAfter) {
  ASSERT_TRUE(create(R"({"name":"a","most":3})"));
  ASSERT_TRUE(change({.action = Action::patch, .id = "a", .body = *Json::parse(R"({"most":4})")}));
  ASSERT_TRUE(change({.action = Action::remove, .id = "a"}));
  EXPECT_EQ(execute(url_,
                    "select string_agg(concat_ws(' ', operation, detail #>> '{before,most}', detail #>> "
                    "'{after,most}'), ', ' order by id) "
                    "from machi.audit"),
            "connectors.create 3, connectors.update 3 4, connectors.delete 4");
  EXPECT_EQ(execute(url_, "select count(*) from machi.resource"), "0");
}

TEST_F(ResourceStoreTest, WhatChangesNothingIsNotWritten) {
  ASSERT_TRUE(create(R"({"name":"a"})"));
  const auto again = change({.action = Action::replace, .id = "a", .body = *Json::parse(R"({"protocol":"http"})")});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->what, What::unchanged);
  EXPECT_EQ(execute(url_, "select revision from machi.resource"), "1");
  EXPECT_EQ(execute(url_, "select count(*) from machi.audit"), "1");
}

TEST_F(ResourceStoreTest, ATakenIdIsAConflict) {
  ASSERT_TRUE(create(R"({"name":"a"})"));
  const auto second = create(R"({"name":"a"})");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error.code, ErrorCode::conflict);
  EXPECT_EQ(execute(url_, "select count(*) from machi.audit"), "1");
}

TEST_F(ResourceStoreTest, TwoCreationsAtOnceMakeOne) {
  Loop loop(1);
  db::Database database(loop, {.url = url_});
  ResourceStore store(database);
  int made = 0;
  int left = 8;
  const auto ended = [&](const std::exception_ptr&, const ResourceResult<ResourceOutcome>& result) {
    if (result) ++made;
    if (!result) EXPECT_EQ(result.error().error.code, ErrorCode::conflict);
    if (--left == 0) asio::co_spawn(loop, database.close(), [](const std::exception_ptr&) {});
  };
  for (int i = 0; i < 8; ++i) {
    ResourceChange asked{.action = Action::create, .body = *Json::parse(R"({"name":"a"})")};
    asio::co_spawn(loop, store.change(&declaration(), 1, std::move(asked), {"tester", "c"}), ended);
  }
  loop.run_for(std::chrono::seconds(60));
  EXPECT_EQ(made, 1);
  EXPECT_EQ(execute(url_, "select count(*) from machi.audit"), "1");
}

TEST_F(ResourceStoreTest, AnETagGuardsAgainstLostUpdates) {
  const auto made = create(R"({"name":"a"})");
  ASSERT_TRUE(made);
  const ResourceChange mine{
      .action = Action::patch, .id = "a", .body = *Json::parse(R"({"most":1})"), .if_match = made->resource.etag()};
  ASSERT_TRUE(change(mine));
  const auto late = change(mine);
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().precondition_failed);
  // Removed and made again, it is another one, though its revision is the same.
  ASSERT_TRUE(change({.action = Action::remove, .id = "a"}));
  ASSERT_TRUE(create(R"({"name":"a"})"));
  EXPECT_FALSE(change(mine));
}

TEST_F(ResourceStoreTest, ADryRunWritesNothing) {
  const auto would = change({.action = Action::replace, .id = "a", .body = *Json::parse("{}"), .dry_run = true});
  ASSERT_TRUE(would);
  EXPECT_EQ(would->what, What::created);
  EXPECT_EQ(execute(url_, "select (select count(*) from machi.resource) + (select count(*) from machi.audit)"), "0");
}

TEST_F(ResourceStoreTest, AFileCarriesEverythingAndChangesNothingTheSecondTime) {
  ASSERT_TRUE(create(R"({"name":"a","user":"u","password":"hidden"})"));
  ASSERT_TRUE(create(R"({"name":"b","most":3})"));
  const auto exported =
      run<Result<std::string>>([&](ResourceStore& store) { return export_resources(&catalogue_, &store); });
  ASSERT_TRUE(exported);
  EXPECT_FALSE(exported->contains("hidden"));
  EXPECT_EQ(import_file(*exported).counts["connectors"].unchanged, 2);
  execute(url_, "delete from machi.resource where name = 'b'");
  EXPECT_EQ(import_file(*exported).counts["connectors"].created, 1);
  EXPECT_EQ(execute(url_, "select document ->> 'password' from machi.resource where name = 'a'"), "hidden");
}

TEST_F(ResourceStoreTest, AFileWithFaultsChangesNothingAndTellsAllOfThem) {
  const std::string text = R"({"format":"machi-resources/1","resources":[
    {"kind":"connectors","fields":{"name":"good"}},
    {"kind":"connectors","fields":{"name":"bad","most":99,"least":-1}},
    {"kind":"connectors","tenant":"nowhere","fields":{"name":"c"}},
    {"kind":"nothing","fields":{}}]})";
  const ResourceImport outcome = import_file(text);
  ASSERT_EQ(outcome.faults.size(), 4U);
  EXPECT_EQ(outcome.faults[0].number, 4U);
  EXPECT_EQ(outcome.faults[1].fault.field, "least");
  EXPECT_EQ(outcome.faults[2].fault.field, "most");
  EXPECT_EQ(outcome.faults[3].fault.field, "tenant");
  EXPECT_EQ(execute(url_, "select count(*) from machi.resource"), "0");
}

TEST(AuditDetail, HasNoSecrets) {
  EXPECT_EQ(without_secrets(R"({"mqtt":{"url":"mqtt://u:p@host/a@b","passwd":"x","user":"u"}})"),
            R"({"mqtt":{"url":"mqtt://***@host/a@b","passwd":"***","user":"u"}})");
  EXPECT_EQ(without_secrets(R"({"httpCustom":{"headers":{"Authorization":"Bearer x","A":"b"},"url":"http://h/p"}})"),
            R"({"httpCustom":{"headers":{"Authorization":"***","A":"***"},"url":"http://h/p"}})");
  EXPECT_EQ(without_secrets("no json: secret"), "");
}

}  // namespace
}  // namespace machi::core

#include "broker/attribute_index_job.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "broker/declarations.h"
#include "broker/query/q_parser.h"
#include "broker/query/sql.h"
#include "core/resource_catalogue.h"
#include "unit/core/with_resource_store.h"
#include "unit/db/test_cluster.h"

namespace machi::broker {
namespace {

using core::ResourceChange;
using db::testing::execute;

/// The statement's text with its parameters as literals, for EXPLAIN through a plain connection.
std::string with_literals(const query::Sql& sql) {
  std::string text = sql.text;
  for (std::size_t i = sql.parameters.size(); i > 0; --i) {
    const std::string placeholder = fmt::format("${}::", i);
    const std::string literal = fmt::format("'{}'::", sql.parameters.value(i - 1));
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + literal.size())) {
      text.replace(at, placeholder.size(), literal);
    }
  }
  return text;
}

/// A database with declared attributes and the job that indexes them.
class AttributeIndexJobTest : public core::WithResourceStore {
 protected:
  AttributeIndexJobTest() : catalogue_(declarations()) {}

  void change(ResourceChange asked) {
    const auto done = run<core::ResourceResult<core::ResourceOutcome>>(
        [&](core::ResourceStore& store) { return store.change(&declaration(), 1, asked, {"tester", "c"}); });
    EXPECT_TRUE(done) << done.error().error.message;
  }
  void declare(std::string_view body) {
    change({.action = ResourceChange::Action::create, .body = *Json::parse(body)});
  }
  void withdraw(const std::string& id) { change({.action = ResourceChange::Action::remove, .id = id}); }

  Result<std::string> run_job() {
    Loop loop(1);
    db::Database database(loop, {.url = url_});
    Result<std::string> outcome = fail(ErrorCode::timeout, "did not end");
    asio::co_spawn(loop, run_and_close(attribute_index_job(database, url_), &database, &outcome),
                   [](const std::exception_ptr& failure) {
                     if (failure) std::rethrow_exception(failure);
                   });
    loop.run_for(std::chrono::seconds(60));
    return outcome;
  }
  static Task<> run_and_close(core::Job job, db::Database* database, Result<std::string>* outcome) {
    auto done = co_await job.run();
    *outcome = std::move(done);
    co_await database->close();
  }

  std::string state(const std::string& id) {
    const auto found =
        run<Result<core::Resource>>([&](core::ResourceStore& store) { return store.get(&declaration(), 1, id); });
    if (!found) return found.error().message;
    std::string state = found->state.find("state")->as_string();
    if (const Json* reason = found->state.find("state_reason")) state += ": " + reason->as_string();
    return state;
  }

  std::string plan(std::string_view q) {
    query::Query asked;
    asked.tenant = TenantId{1};
    asked.q = *query::parse_q(q);
    asked.limit = 20;
    return execute(url_,
                   "create or replace function pg_temp.plan() returns text language plpgsql as $f$ declare line text; "
                   "all_lines text := ''; begin for line in execute $e$explain " +
                       with_literals(query::select_sql(asked, "e.id")) +
                       "$e$ loop all_lines := all_lines || line || E'\\n'; end loop; return all_lines; end $f$; "
                       "select pg_temp.plan()");
  }

  std::string indexes() {
    return execute(url_,
                   "select coalesce(string_agg(substring(indexname from '[a-z]+$'), ' ' order by 1), '') from "
                   "(select indexname from pg_indexes where indexname like 'entity\\_q\\_%' order by "
                   "substring(indexname from '[a-z]+$')) i");
  }

  const core::ResourceDeclaration& declaration() { return catalogue_.find("indexed-attributes")->declaration; }

  core::ResourceCatalogue catalogue_;
};

TEST_F(AttributeIndexJobTest, AQueryUsesTheIndexOfADeclaredAttribute) {
  execute(
      url_,
      R"(insert into machi.entity (tenant, entity_key, slot, version, created, modified, id, type, service_path, correlator, document, search)
    select 1, n, 0, 1, now() + n * interval '1 second', now(), 'e' || n, 'Room', '/', '', '{}',
      jsonb_build_object('temperature', jsonb_build_object('n', n), 'name', jsonb_build_object('s', 'name ' || n))
    from generate_series(1, 8000) n; analyze machi.entity)");
  EXPECT_FALSE(plan("temperature==7777").contains("entity_q_"));
  declare(R"({"type":"Room","attribute":"temperature","value_kind":"number"})");
  declare(R"({"type":"Room","attribute":"name","value_kind":"text"})");
  EXPECT_EQ(state("Room,temperature"), "waiting");
  const auto done = run_job();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(state("Room,temperature"), "ready");
  const std::string number = plan("temperature==7777");
  EXPECT_TRUE(number.contains("_ordinal") && !number.contains("Seq Scan")) << number;
  const std::string text = plan("name=='name 7777'");
  EXPECT_TRUE(text.contains("_text") && !text.contains("Seq Scan")) << text;
}

TEST_F(AttributeIndexJobTest, OnlyTheNeededIndexesAreBuiltAndUnneededOnesDropped) {
  declare(R"({"type":"Room","attribute":"a","value_kind":"number"})");
  ASSERT_TRUE(run_job());
  EXPECT_EQ(indexes(), "array ordinal");
  declare(R"({"type":"Car","attribute":"a","value_kind":"text"})");
  EXPECT_EQ(state("Car,a"), "waiting");
  EXPECT_EQ(state("Room,a"), "ready");
  ASSERT_TRUE(run_job());
  EXPECT_EQ(indexes(), "array ordinal text");
  withdraw("Room,a");
  ASSERT_TRUE(run_job());
  EXPECT_EQ(indexes(), "array text");
  withdraw("Car,a");
  ASSERT_TRUE(run_job());
  EXPECT_EQ(indexes(), "");
  EXPECT_EQ(execute(url_, "select count(*) from machi.attribute_index"), "0");
  EXPECT_EQ(execute(url_, "select count(*) from pg_statistic_ext"), "0");
}

TEST_F(AttributeIndexJobTest, NothingToDoIsNoWork) {
  declare(R"({"type":"*","attribute":"it's \\ strange"})");
  ASSERT_TRUE(run_job());
  const auto again = run_job();
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, "");
}

TEST_F(AttributeIndexJobTest, AnInterruptedBuildIsBegunAnew) {
  declare(R"({"type":"Room","attribute":"a"})");
  ASSERT_TRUE(run_job());
  // As a crash leaves it: an index that is not valid, and the state of work under way.
  execute(url_, "update pg_index set indisvalid = false where indexrelid::regclass::text like '%entity_q_%_ordinal'");
  execute(url_, "update machi.attribute_index set state = 'building'");
  EXPECT_EQ(state("Room,a"), "building");
  const auto done = run_job();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(state("Room,a"), "ready");
  EXPECT_EQ(execute(url_, "select count(*) from pg_index where not indisvalid"), "0");
}

TEST_F(AttributeIndexJobTest, AFailureIsToldInTheResource) {
  declare(R"({"type":"Room","attribute":"a"})");
  // Rows that the index's expression cannot take.
  execute(
      url_,
      R"(insert into machi.entity (tenant, entity_key, slot, version, created, modified, id, type, service_path, correlator, document, search)
    values (1, 1, 0, 1, now(), now(), 'e', 'Room', '/', '', '{}', '{"a":{"n":"no number"}}'))");
  EXPECT_FALSE(run_job());
  EXPECT_TRUE(state("Room,a").starts_with("failed: ")) << state("Room,a");
  // It rests before it is tried again; once withdrawn it leaves nothing behind.
  EXPECT_EQ(run_job(), Result<std::string>(""));
  withdraw("Room,a");
  ASSERT_TRUE(run_job());
  EXPECT_EQ(indexes(), "");
}

}  // namespace
}  // namespace machi::broker

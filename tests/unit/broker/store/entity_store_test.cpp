#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "broker/store/postgres_entity_store.h"
#include "unit/db/test_cluster.h"

namespace machi::broker {
namespace {

using namespace asio::experimental::awaitable_operators;

using db::testing::execute;

/// A store over a database of its own with all migrations; tests are coroutines on one loop.
class EntityStoreTest : public testing::Test {
 protected:
  EntityStoreTest() : url_(db::testing::migrated_database()) {}

  /// Runs `test` with a store on a loop of its own; ends with everything closed.
  void run(const std::function<Task<>(PostgresEntityStore&)>& test, WriteBatcher::Options options = {}) {
    Loop loop(1);
    db::DatabaseOptions database_options;
    database_options.url = url_;
    db::Database database(loop, database_options);
    PostgresEntityStore store(database, rules_, options, {&batches_, &changes_, &retries_}, [] {});
    asio::co_spawn(loop, body(&test, &store, &database), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    loop.run_for(std::chrono::seconds(60));
    EXPECT_TRUE(loop.stopped()) << "the test did not end within a minute";
  }

  static Task<> body(const std::function<Task<>(PostgresEntityStore&)>* test, PostgresEntityStore* store,
                     db::Database* database) {
    co_await (*test)(*store);
    co_await store->close();
    co_await database->close();
  }

  static EntityChange change(ChangeAction action, std::string id,
                             std::vector<std::pair<std::string, JsonText>> values) {
    EntityChange c;
    c.tenant = TenantId{1};
    c.id = std::move(id);
    c.type = "Room";
    c.action = action;
    for (auto& [name, value] : values) {
      AttributeChange a;
      a.name = name;
      a.type = "Number";
      a.value = value;
      c.attributes.push_back(std::move(a));
    }
    return c;
  }

  /// Twenty changes in batches of two; one more when four batches have begun.
  static Task<> one_too_many(PostgresEntityStore* store, const core::Counter* batches) {
    std::vector<EntityChange> changes;
    for (int i = 0; i < 20; ++i) changes.push_back(change(ChangeAction::create, "r" + std::to_string(i), {{"a", "1"}}));
    auto waiting = store->change_all(std::move(changes));
    auto both = co_await (std::move(waiting) && change_after(store, batches, 4));
    const auto& [done, late] = both;
    for (const auto& outcome : done) EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_FALSE(late);
    if (!late) EXPECT_EQ(late.error().code, ErrorCode::busy);
  }
  static Task<Result<ChangeOutcome>> change_after(PostgresEntityStore* store, const core::Counter* batches,
                                                  std::uint64_t begun) {
    auto executor = co_await asio::this_coro::executor;
    LoopTimer tick(executor);
    while (batches->value() < begun) {
      tick.expires_after(std::chrono::milliseconds(2));
      co_await tick.async_wait(kUseTask);
    }
    auto outcome = co_await store->change(change(ChangeAction::create, "late", {{"a", "1"}}));
    co_return outcome;
  }

  static EntityChange located(ChangeAction action, const std::string& coordinates) {
    EntityChange c = change(action, "r1", {});
    AttributeChange a;
    a.name = "location";
    a.type = "geo:json";
    a.value = R"({"type":"Point","coordinates":[)" + coordinates + "]}";
    c.attributes.push_back(std::move(a));
    return c;
  }

  std::string url_;
  TenantRules rules_;
  core::Counter batches_, changes_, retries_;
};

TEST_F(EntityStoreTest, ACreatedEntityIsFoundWithItsValues) {
  run([](PostgresEntityStore& store) -> Task<> {
    auto created = co_await store.change(change(ChangeAction::create, "r1", {{"temperature", "21.5"}}));
    EXPECT_TRUE(created) << created.error().message;
    auto found = co_await store.find(TenantId{1}, "r1");
    EXPECT_TRUE(found);
    EXPECT_EQ(found->size(), 1U);
    auto entity = found->front().parse(TenantId{1});
    EXPECT_EQ(entity->find("temperature")->value, "21.5");
    EXPECT_EQ(entity->version, 1);
  });
  EXPECT_EQ(execute(url_, "select alterations from machi.change_log where kind = 1"),
            std::to_string(int{kEntityCreate}));
  EXPECT_EQ(execute(url_, "select number from machi.history"), "21.5");
}

TEST_F(EntityStoreTest, ChangesOfOneTurnToOneEntityFoldIntoOneRowAndOneLogRowEach) {
  run([](PostgresEntityStore& store) -> Task<> {
    auto created = co_await store.change(change(ChangeAction::create, "r1", {{"temperature", "0"}}));
    EXPECT_TRUE(created);
    std::vector<EntityChange> updates;
    for (int i = 1; i <= 50; ++i)
      updates.push_back(change(ChangeAction::update, "r1", {{"temperature", std::to_string(i)}}));
    auto outcomes = co_await store.change_all(std::move(updates));
    for (const auto& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcomes.back()->version, 51);
  });
  EXPECT_EQ(batches_.value(), 2U);
  EXPECT_EQ(execute(url_, "select count(*) from machi.change_log where kind = 1"), "51");
  EXPECT_EQ(execute(url_,
                    "select string_agg(number::text, ',' order by recorded, number) = (select string_agg(i::text, ',') "
                    "from generate_series(0, 50) i) "
                    "from machi.history"),
            "t");
  EXPECT_EQ(execute(url_, "select version from machi.entity"), "51");
}

TEST_F(EntityStoreTest, ARefusedChangeLeavesNoTraceAndTheOthersOfItsBatchStand) {
  run([](PostgresEntityStore& store) -> Task<> {
    std::vector<EntityChange> changes;
    changes.push_back(change(ChangeAction::create, "r1", {{"a", "1"}}));
    changes.push_back(change(ChangeAction::create, "r1", {{"a", "2"}}));
    changes.push_back(change(ChangeAction::update, "absent", {{"a", "3"}}));
    changes.push_back(change(ChangeAction::update, "r1", {{"a", "4"}}));
    auto outcomes = co_await store.change_all(std::move(changes));
    EXPECT_TRUE(outcomes[0]);
    EXPECT_EQ(outcomes[1].error().code, ErrorCode::already_exists);
    EXPECT_EQ(outcomes[2].error().code, ErrorCode::not_found);
    EXPECT_TRUE(outcomes[3]);
  });
  EXPECT_EQ(execute(url_, "select count(*) from machi.change_log where kind = 1"), "2");
  EXPECT_EQ(execute(url_, "select document::jsonb -> 'a' -> 'value' from machi.entity"), "4");
}

TEST_F(EntityStoreTest, ACreateThatLosesARaceIsAnsweredAsExisting) {
  // Another node makes the entity between our lock and our insert: a trigger stands in for it.
  execute(url_, R"(
    create function machi.intrude() returns trigger language plpgsql as $$ begin
      drop trigger intrude on machi.entity;
      raise unique_violation; end $$)");
  execute(url_, "create sequence machi.tries");
  execute(url_, R"(
    create or replace function machi.intrude() returns trigger language plpgsql as $$ begin
      if nextval('machi.tries') = 1 then raise unique_violation; end if; return new; end $$;
    create trigger intrude before insert on machi.entity for each row execute function machi.intrude())");
  run([](PostgresEntityStore& store) -> Task<> {
    auto created = co_await store.change(change(ChangeAction::create, "r1", {{"a", "1"}}));
    EXPECT_TRUE(created) << created.error().message;
  });
  EXPECT_EQ(retries_.value(), 1U);
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "1");
}

TEST_F(EntityStoreTest, ABatchThatFailsIsHalvedUntilTheCulpritStandsAlone) {
  execute(url_, R"(
    create function machi.refuse() returns trigger language plpgsql as $$ begin
      if new.id = 'r13' then raise division_by_zero; end if; return new; end $$;
    create trigger refuse before insert on machi.entity for each row execute function machi.refuse())");
  run([](PostgresEntityStore& store) -> Task<> {
    std::vector<EntityChange> changes;
    for (int i = 0; i < 32; ++i) changes.push_back(change(ChangeAction::create, "r" + std::to_string(i), {{"a", "1"}}));
    auto outcomes = co_await store.change_all(std::move(changes));
    for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].has_value(), i != 13) << i;
  });
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "31");
  EXPECT_EQ(execute(url_, "select count(*) from machi.change_log where kind = 1"), "31");
}

TEST_F(EntityStoreTest, ARemovedEntityIsRememberedForItsHistory) {
  run([](PostgresEntityStore& store) -> Task<> {
    auto created = co_await store.change(change(ChangeAction::create, "r1", {{"a", "1"}}));
    EXPECT_TRUE(created);
    auto removed = co_await store.change(change(ChangeAction::remove_entity, "r1", {}));
    EXPECT_TRUE(removed) << removed.error().message;
    auto found = co_await store.find(TenantId{1}, "r1");
    EXPECT_TRUE(found->empty());
  });
  EXPECT_EQ(execute(url_, "select id || type || service_path from machi.removed_entity"), "r1Room/");
}

TEST_F(EntityStoreTest, AnExpiredEntityIsGoneForReadersAndGivesWayToANewOne) {
  run([](PostgresEntityStore& store) -> Task<> {
    EntityChange transient = change(ChangeAction::create, "r1", {{"a", "1"}});
    AttributeChange expiry;
    expiry.name = "dateExpires";
    expiry.type = "DateTime";
    expiry.value = "\"2020-01-01T00:00:00.000Z\"";
    transient.attributes.push_back(std::move(expiry));
    auto created = co_await store.change(std::move(transient));
    EXPECT_TRUE(created) << created.error().message;
    auto hidden = co_await store.find(TenantId{1}, "r1");
    EXPECT_TRUE(hidden->empty());
    auto again = co_await store.change(change(ChangeAction::create, "r1", {{"a", "2"}}));
    EXPECT_TRUE(again) << again.error().message;
    auto found = co_await store.find(TenantId{1}, "r1");
    EXPECT_EQ(found->size(), 1U);
  });
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "1");
}

TEST_F(EntityStoreTest, AGeometryFollowsItsAttribute) {
  run([](PostgresEntityStore& store) -> Task<> {
    auto created = co_await store.change(located(ChangeAction::create, "139.5,36.9"));
    EXPECT_TRUE(created) << created.error().message;
    auto moved = co_await store.change(located(ChangeAction::update, "140.5,36.9"));
    EXPECT_TRUE(moved);
  });
  EXPECT_EQ(execute(url_, "select st_astext(geom) from machi.entity_geometry"), "POINT(140.5 36.9)");
}

// Squares, the last corner apart from the first in `open`; two triangles that share a point in `crossed`.
constexpr std::string_view kSquare = R"([[[0,0],[0,2],[2,2],[2,0],[0,0]]])";
constexpr std::string_view kOpen = R"([[[0,0],[0,2],[2,2],[2,0]]])";
constexpr std::string_view kCrossed = R"([[[0,0],[2,2],[2,0],[0,2],[0,0]]])";
constexpr std::string_view kHoleOutside = R"([[[0,0],[0,2],[2,2],[2,0],[0,0]],[[1,1],[1,3],[3,3],[3,1],[1,1]]])";

EntityChange area(ChangeAction action, std::string id, std::string_view coordinates,
                  std::string_view type = "Polygon") {
  EntityChange c;
  c.tenant = TenantId{1};
  c.id = std::move(id);
  c.type = "Area";
  c.action = action;
  AttributeChange a;
  a.name = "place";
  a.type = "geo:json";
  a.value = R"({"type":")" + std::string(type) + R"(","coordinates":)" + std::string(coordinates) + "}";
  c.attributes.push_back(std::move(a));
  return c;
}

TEST_F(EntityStoreTest, ABadAreaIsRefusedByItselfBesideGoodOnesHoweverItIsWritten) {
  run([](PostgresEntityStore& store) -> Task<> {
    using enum ChangeAction;
    constexpr std::array kActions{create, upsert, append, append_strict, update, replace};
    constexpr std::array kBad{kOpen, kCrossed, kHoleOutside};
    for (const ChangeAction action : {update, replace, append}) {
      auto made = co_await store.change(area(create, "present" + std::to_string(static_cast<int>(action)), kSquare));
      EXPECT_TRUE(made);
    }
    for (const ChangeAction action : kActions) {
      std::vector<EntityChange> changes;
      const std::string number = std::to_string(static_cast<int>(action));
      const bool exists = action == update || action == replace || action == append;
      for (std::size_t i = 0; i < kBad.size(); ++i) {
        changes.push_back(area(create, "good" + number + std::to_string(i), kSquare));
        const std::string id = exists ? "present" + number : "bad" + number + std::to_string(i);
        EntityChange bad = area(action, id, kBad[i]);
        bad.create_missing = true;
        changes.push_back(std::move(bad));
      }
      auto outcomes = co_await store.change_all(std::move(changes));
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        EXPECT_EQ(outcomes[i].has_value(), i % 2 == 0) << "action " << number << ", change " << i;
        if (i % 2 == 1 && !outcomes[i]) EXPECT_EQ(outcomes[i].error().code, ErrorCode::bad_request);
      }
    }
  });
  EXPECT_EQ(retries_.value(), 0U) << "no batch failed";
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "21");
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity_geometry where st_isvalid(geom)"), "21");
}

TEST_F(EntityStoreTest, EveryFormOfAnAreaThatCrossesItselfIsRefused) {
  run([](PostgresEntityStore& store) -> Task<> {
    const std::string multi = "[" + std::string(kSquare) + "," + std::string(kCrossed) + "]";
    auto several = co_await store.change(area(ChangeAction::create, "m", multi, "MultiPolygon"));
    EXPECT_FALSE(several);
    EntityChange old = change(ChangeAction::create, "o", {{"place", R"(["0, 0","2, 2","0, 2","2, 0","0, 0"])"}});
    old.attributes[0].type = "geo:polygon";
    auto orion = co_await store.change(std::move(old));
    EXPECT_FALSE(orion);
    EntityChange feature = area(ChangeAction::create, "f", kCrossed);
    feature.attributes[0].value = R"({"type":"Feature","geometry":)" + *feature.attributes[0].value + "}";
    auto wrapped = co_await store.change(std::move(feature));
    EXPECT_FALSE(wrapped);
  });
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "0");
}

TEST_F(EntityStoreTest, BeyondTheQueueWritesAreRefusedAtOnce) {
  WriteBatcher::Options options;
  options.waiting = 4;
  run(
      [](PostgresEntityStore& store) -> Task<> {
        std::vector<EntityChange> changes;
        for (int i = 0; i < 5; ++i)
          changes.push_back(change(ChangeAction::create, "r" + std::to_string(i), {{"a", "1"}}));
        auto outcomes = co_await store.change_all(std::move(changes));
        EXPECT_EQ(outcomes[0].error().code, ErrorCode::busy);
      },
      options);
}

TEST_F(EntityStoreTest, WritesThatWouldWaitTooLongAreRefusedAndThoseThatWaitAreDone) {
  execute(url_,
          "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.06); return null; "
          "end $$");
  execute(url_, "create trigger slow after insert on machi.change_log for each statement execute function slow()");
  WriteBatcher::Options options;
  options.batch_size = 2;
  options.batches = 1;
  options.longest_wait = std::chrono::milliseconds(50);
  run([this](PostgresEntityStore& store) { return one_too_many(&store, &batches_); }, options);
  EXPECT_EQ(execute(url_, "select count(*) from machi.entity"), "20");
}

}  // namespace
}  // namespace machi::broker

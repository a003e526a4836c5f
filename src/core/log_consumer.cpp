#include "core/log_consumer.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <charconv>

#include "base/log.h"

namespace machi::core {
namespace {

const db::Statement kCreateRows{"consumer_create",
                                "insert into machi.consumer (name, slot, horizon, epoch) select $1::text, s, "
                                "pg_snapshot_xmin(pg_current_snapshot()), "
                                "$3::bigint from generate_series(0, $2::int - 1) s on conflict do nothing"};
const db::Statement kResetEpoch{"consumer_reset_epoch",
                                "update machi.consumer set horizon = pg_snapshot_xmin(pg_current_snapshot()), epoch = "
                                "$2::bigint where name = $1::text and "
                                "epoch <> $2::bigint"};
const db::Statement kSeen{"node_seen",
                          "insert into machi.node (id, address, started, seen) values ($1::text, '', now(), now()) on "
                          "conflict (id) do update set seen = now()"};
// $5 and $6: the leases that this process holds, by slot and fencing number. Under the same name there may be those of
// its predecessor; `$7` says that it is dead, as this process begins. The fair share of a node is the slots divided by
// the nodes seen lately; a node over its share lets go of the surplus. A lease that ran out but that nobody else took
// is still the same one.
const db::Statement kRenew{"consumer_renew", R"(
  with held as (
    select h.slot, h.fencing from unnest($5::smallint[], $6::bigint[]) as h(slot, fencing)
    join machi.consumer c on c.name = $1::text and c.node = $2::text and c.slot = h.slot and c.fencing = h.fencing),
  share as (
    select ceil($4::float8 / greatest(1, count(*)))::int as slots from machi.node
    where seen > now() - make_interval(secs => $3::float8)),
  mine as (
    select slot from machi.consumer
    where name = $1::text
      and (slot in (select slot from held) or node is null or lease_until < now() or ($7::boolean and node = $2::text))
    order by slot not in (select slot from held), slot
    limit (select slots from share) for update skip locked),
  freed as (
    update machi.consumer set node = null, lease_until = null
    where name = $1::text and slot in (select slot from held) and slot not in (select slot from mine))
  update machi.consumer c
  set fencing = c.fencing + (not exists (select from held h where c.node = $2::text and h.slot = c.slot and h.fencing = c.fencing))::int,
    node = $2::text, lease_until = now() + make_interval(secs => $3::float8)
  from mine where c.name = $1::text and c.slot = mine.slot
  returning c.slot, c.horizon::text, c.fencing)"};
const db::Statement kSavePlace{
    "consumer_save",
    "update machi.consumer c set horizon = greatest(c.horizon, $3::xid8) from unnest($4::smallint[], $5::bigint[]) as "
    "h(slot, "
    "fencing) where c.name = $1::text and c.node = $2::text and c.slot = h.slot and c.fencing = h.fencing"};
const db::Statement kRelease{
    "consumer_release",
    "update machi.consumer c set node = null, lease_until = null from unnest($3::smallint[], $4::bigint[]) as h(slot, "
    "fencing) where c.name = $1::text and c.node = $2::text and c.slot = h.slot and c.fencing = h.fencing"};
const db::Statement kForgetNode{"node_forget",
                                "delete from machi.node where id = $1::text or seen < now() - interval '1 day'"};

std::uint64_t unsigned_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double seconds(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

LogConsumer::LogConsumer(db::Database& database, Options options, LogHandler& handler)
    : database_(database),
      options_(std::move(options)),
      handler_(handler),
      reader_(database),
      scope_(database.loop()),
      sleeper_(database.loop()),
      heart_(database.loop()),
      spacer_(database.loop()) {}

LogConsumer::~LogConsumer() = default;

void LogConsumer::start() {
  running_ = true;
  scope_.spawn("log leases", keep_leases());
  scope_.spawn("log reader", run());
}

void LogConsumer::wake() {
  asio::post(database_.loop(), [this] {
    woken_ = true;
    sleeper_.cancel();
  });
}

Task<> LogConsumer::end_reading(std::chrono::milliseconds patience) {
  ending_ = true;
  sleeper_.cancel();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  LoopTimer tick(database_.loop());
  while (running_ && std::chrono::steady_clock::now() < deadline) {
    tick.expires_after(std::chrono::milliseconds(10));
    boost::system::error_code ignored;
    co_await tick.async_wait(asio::redirect_error(kUseTask, ignored));
  }
}

Task<> LogConsumer::stop() {
  stopping_ = true;
  sleeper_.cancel();
  heart_.cancel();
  co_await scope_.join();
  forget_finished();
  auto saved = co_await save_places();
  std::vector<db::Call> calls(2);
  calls[0].statement = &kRelease;
  calls[0].parameters.add(options_.name).add(options_.node);
  add_held(calls[0].parameters);
  calls[1].statement = &kForgetNode;
  calls[1].parameters.add(options_.node);
  auto released = co_await database_.transact(std::move(calls));
  if (!saved || !released) log::warn("the place in the log could not be handed over", {{"consumer", options_.name}});
}

Task<> LogConsumer::pause(std::chrono::milliseconds duration) {
  sleeper_.expires_after(duration);
  boost::system::error_code ignored;
  co_await sleeper_.async_wait(asio::redirect_error(kUseTask, ignored));
}

Task<> LogConsumer::keep_distance() {
  if (std::chrono::steady_clock::now() < next_reading_) {
    spacer_.expires_at(next_reading_);
    boost::system::error_code ignored;
    co_await spacer_.async_wait(asio::redirect_error(kUseTask, ignored));
  }
  next_reading_ = std::chrono::steady_clock::now() + options_.distance;
}

Task<Result<>> LogConsumer::create_rows() {
  auto epoch = co_await reader_.epoch();
  if (!epoch) co_return fail(epoch.error());
  epoch_ = *epoch;
  std::vector<db::Call> calls(2);
  calls[0].statement = &kCreateRows;
  calls[0].parameters.add(options_.name).add(options_.slots).add(epoch_);
  calls[1].statement = &kResetEpoch;
  calls[1].parameters.add(options_.name).add(epoch_);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  if ((*done)[1].affected() > 0)
    log::warn("the database is another one than before: reading starts from now", {{"consumer", options_.name}});
  co_return Result<>();
}

Task<> LogConsumer::keep_leases() {
  bool created = false;
  while (!stopping_) {
    if (!created) {
      auto rows = co_await create_rows();
      created = rows.has_value();
      if (!rows) log::warn("the place in the log cannot be read", {{"reason", rows.error().message}});
    }
    if (created) {
      auto renewed = co_await renew();
      if (!renewed)
        log::warn("leases could not be renewed", {{"consumer", options_.name}, {"reason", renewed.error().message}});
    }
    heart_.expires_after(options_.heartbeat);
    boost::system::error_code ignored;
    co_await heart_.async_wait(asio::redirect_error(kUseTask, ignored));
  }
}

Task<Result<>> LogConsumer::renew() {
  forget_finished();
  auto saved = co_await save_places();
  if (!saved) co_return saved;
  std::vector<db::Call> calls(2);
  calls[0].statement = &kSeen;
  calls[0].parameters.add(options_.node);
  calls[1].statement = &kRenew;
  db::Parameters& p = calls[1].parameters;
  p.add(options_.name).add(options_.node).add(seconds(options_.lease)).add(options_.slots);
  add_held(p);
  p.add(first_renewal_);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  first_renewal_ = false;
  take_over((*done)[1]);
  co_return Result<>();
}

void LogConsumer::add_held(db::Parameters& parameters) const {
  std::vector<std::int64_t> slots;
  std::vector<std::int64_t> fencings;
  for (const auto& [slot, state] : held_) {
    slots.push_back(slot);
    fencings.push_back(state.fencing);
  }
  parameters.add_array(slots).add_array(fencings);
}

void LogConsumer::take_over(const db::Rows& rows) {
  std::map<std::int64_t, Slot> now_held;
  bool changed = rows.size() != held_.size();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::int64_t slot = rows.integer(row, 0);
    const std::int64_t fencing = rows.integer(row, 2);
    const auto known = held_.find(slot);
    if (known != held_.end() && known->second.fencing == fencing) {
      now_held[slot] = known->second;
      continue;
    }
    // New here: its place may lie before what this node has read for its other slots.
    const std::uint64_t horizon = unsigned_of(rows.text(row, 1));
    now_held[slot] = {horizon, fencing};
    next_ = next_ == 0 ? horizon : std::min(next_, horizon);
    changed = true;
  }
  held_ = std::move(now_held);
  slots_held_.store(held_.size(), std::memory_order_relaxed);
  if (!changed) return;
  log::info("slots of the change log", {{"consumer", options_.name}, {"node", options_.node}, {"slots", held_.size()}});
  slots_differ_ = true;
  sleeper_.cancel();
}

Task<Result<>> LogConsumer::prepare_handler() {
  if (slots_differ_) {
    std::vector<std::int64_t> slots;
    for (const auto& [slot, unused] : held_) slots.push_back(slot);
    slots_differ_ = false;
    auto told = co_await handler_.slots_changed(std::move(slots));
    if (!told) {
      slots_differ_ = true;
      co_return told;
    }
  }
  if (restarted_ || held_.empty()) co_return Result<>();
  auto restarted = co_await handler_.restart();
  restarted_ = restarted.has_value();
  co_return restarted;
}

void LogConsumer::forget_finished() {
  while (!windows_.empty() && windows_.front().hold.expired()) windows_.pop_front();
  const double lag = windows_.empty() ? 0.0 : (now() - windows_.front().oldest).count() / 1e6;
  lag_.store(lag, std::memory_order_relaxed);
}

std::uint64_t LogConsumer::finished_place() const {
  std::uint64_t place = next_;
  for (const Window& w : windows_) {
    if (!w.hold.expired()) place = std::min(place, w.range.begin);
  }
  return place;
}

Task<Result<>> LogConsumer::save_places() {
  if (held_.empty() || next_ == 0) co_return Result<>();
  std::vector<db::Call> calls(1);
  calls[0].statement = &kSavePlace;
  db::Parameters& p = calls[0].parameters;
  p.add(options_.name).add(options_.node).add(std::to_string(finished_place()));
  add_held(p);
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

std::vector<LogEntry> LogConsumer::wanted(std::vector<LogEntry> entries) const {
  std::erase_if(entries, [&](const LogEntry& e) {
    if (e.kind != ChangeKind::entity) return false;
    const auto slot = held_.find(e.slot);
    return slot == held_.end() || e.transaction < slot->second.horizon;
  });
  return entries;
}

/// Answers whether there is something new to read.
Task<Result<bool>> LogConsumer::begin_reading() {
  auto end = co_await reader_.horizon();
  if (!end) co_return fail(end.error());
  if (slots_differ_) co_return false;  // first tell the handler
  const LogWindow range{next_, *end};
  if (range.end <= range.begin) co_return false;
  reading_ = Reading{range, held_, std::make_shared<int>(0)};
  co_return true;
}

Task<Result<>> LogConsumer::read_entries() {
  Reading& r = *reading_;
  std::vector<std::int64_t> slots;
  for (const auto& [slot, unused] : r.slots) slots.push_back(slot);
  for (;;) {
    auto entries = co_await reader_.read(r.range, r.after, slots, options_.batch);
    if (!entries) co_return fail(entries.error());
    if (entries->empty()) co_return Result<>();
    if (!r.any) windows_.push_back({r.range, r.hold, entries->front().recorded});
    r.any = true;
    r.after = entries->back().sequence;
    const bool last = static_cast<std::int64_t>(entries->size()) < options_.batch;
    auto mine = wanted(std::move(*entries));
    if (!mine.empty()) co_await handler_.handle(std::move(mine), r.hold);
    if (last) co_return Result<>();
    if (stopping_) co_return fail(ErrorCode::busy, "the server is stopping");
  }
}

Task<Result<bool>> LogConsumer::read_window() {
  auto prepared = co_await prepare_handler();
  if (!prepared) co_return fail(prepared.error());
  if (held_.empty()) co_return false;
  if (!reading_) {
    auto begun = co_await begin_reading();
    if (!begun || !*begun) co_return begun;
  }
  auto complete = co_await read_entries();
  if (!complete) co_return fail(complete.error());
  const Reading done = *std::exchange(reading_, std::nullopt);
  next_ = done.range.end;
  for (auto& [slot, state] : held_) {
    const auto read = done.slots.find(slot);
    const bool was_read = read != done.slots.end() && read->second.fencing == state.fencing;
    if (was_read) {
      state.horizon = std::max(state.horizon, done.range.end);
    } else {
      next_ = std::min(next_, state.horizon);  // taken over meanwhile: the next window begins at its place
    }
  }
  co_return done.any;
}

Task<> LogConsumer::run() {
  auto last_activity = std::chrono::steady_clock::now();
  while (!stopping_ && !ending_) {
    co_await keep_distance();
    woken_ = false;
    auto any = co_await read_window();
    if (!any && stopping_) break;
    if (!any) {
      log::warn("the change log could not be read", {{"consumer", options_.name}, {"reason", any.error().message}});
      co_await pause(options_.heartbeat);
      continue;
    }
    const auto present = std::chrono::steady_clock::now();
    if (*any || woken_) last_activity = present;
    // Just after a commit other transactions may still hide it: look again soon, then calm down.
    const bool fresh = present - last_activity < std::chrono::milliseconds(30);
    if (!stopping_ && !ending_ && !woken_) co_await pause(fresh ? std::chrono::milliseconds(2) : options_.idle_poll);
  }
  running_ = false;
}

}  // namespace machi::core

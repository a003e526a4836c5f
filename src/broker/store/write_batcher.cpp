#include "broker/store/write_batcher.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/log.h"
#include "broker/store/change_plan.h"
#include "broker/store/statements.h"

namespace machi::broker {
namespace {

constexpr std::int64_t kKeysInBlock = 1024;
constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kCommitPatience{3000};

// Shares of the time that is left. A connection that hangs before anything was written leaves time for another; one
// that hangs at the end, for the question whether it committed.
constexpr double kToLock = 0.5;
constexpr double kToWrite = 0.7;

constexpr std::string_view kTooMany = "too many writes are waiting";
constexpr std::string_view kConnectionLost = "the connection to the database was lost; repeat the request";

/// Worth another try as it is: the batch lost a race or its connection, and nothing of it was written.
bool lost_race(const Error& error) {
  return error.code == ErrorCode::conflict;
}

/// The names to lock, each once.
db::Call lock_call(const std::vector<EntityChange*>& changes) {
  std::set<std::pair<TenantId, std::string_view>> names;
  for (const EntityChange* change : changes) names.emplace(change->tenant, change->id);
  std::vector<std::int64_t> tenants;
  std::vector<std::string_view> ids;
  for (const auto& [tenant, id] : names) {
    tenants.push_back(tenant.value);
    ids.push_back(id);
  }
  db::Call call{&statements::kLock};
  call.parameters.add_array(tenants).add_array(ids);
  return call;
}

}  // namespace

WriteBatcher::WriteBatcher(db::Database& database, const TenantRules& rules, Options options, Meters meters,
                           std::function<void()> committed)
    : database_(database),
      rules_(rules),
      options_(options),
      meters_(meters),
      committed_(std::move(committed)),
      scope_(database.loop()),
      queue_timer_(database.loop()),
      gathering_(options.batch_size),
      gathering_timer_(database.loop()) {}

Task<Result<ChangeOutcome>> WriteBatcher::submit(EntityChange change) {
  if (closed_) co_return fail(ErrorCode::busy, "the server is stopping");
  if (!has_room(1)) co_return fail(ErrorCode::busy, std::string(kTooMany));
  auto start = [this, &change](Resume<Result<ChangeOutcome>> resume) {
    enqueue({std::move(change), std::move(resume), db::Deadline::in(options_.answer_time)});
  };
  auto outcome = co_await suspend<Result<ChangeOutcome>>(std::move(start));
  co_return outcome;
}

Task<std::vector<Result<ChangeOutcome>>> WriteBatcher::submit_all(std::vector<EntityChange> changes) {
  using Outcomes = std::vector<Result<ChangeOutcome>>;
  if (changes.empty()) co_return Outcomes{};
  Outcomes outcomes(changes.size(), Result<ChangeOutcome>(fail(ErrorCode::busy, std::string(kTooMany))));
  if (closed_ || !has_room(changes.size())) co_return outcomes;
  std::size_t left = changes.size();
  const auto until = db::Deadline::in(options_.answer_time);
  auto start = [&](Resume<int> resume) {
    auto shared = std::make_shared<Resume<int>>(std::move(resume));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      auto resume_one = [&outcomes, &left, i, shared](Result<ChangeOutcome> outcome) {
        outcomes[i] = std::move(outcome);
        if (--left == 0) (*shared)(0);
      };
      enqueue({std::move(changes[i]), std::move(resume_one), until});
    }
  };
  co_await suspend<int>(std::move(start));
  co_return outcomes;
}

Task<> WriteBatcher::close() {
  closed_ = true;
  queue_timer_.cancel();
  co_await scope_.join();
}

bool WriteBatcher::has_room(std::size_t changes) const {
  if (queue_.size() + changes > options_.waiting) return false;
  if (queue_.size() < options_.batch_size) return true;
  const auto wait = rate_.time_for(queue_.size());
  return !wait || *wait <= options_.longest_wait;
}

void WriteBatcher::enqueue(Pending pending) {
  queue_.push_back(std::move(pending));
  schedule();
  if (!std::exchange(watching_, true)) scope_.spawn("write queue", watch_queue());
}

/// A transaction that begins with less than a quarter of the time would only be cut off.
std::chrono::steady_clock::time_point WriteBatcher::last_moment_to_begin(const Pending& pending) const {
  return pending.until.moment() - options_.answer_time / 4;
}

/// Changes in the queue have not been begun: nothing of them was written.
void WriteBatcher::refuse_late() {
  const auto present = std::chrono::steady_clock::now();
  std::vector<Pending> late;
  while (!queue_.empty() && last_moment_to_begin(queue_.front()) <= present) {
    late.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (Pending& pending : late) pending.resume(fail(ErrorCode::busy, "the database is too slow; try again later"));
}

Task<> WriteBatcher::watch_queue() {
  while (!queue_.empty()) {
    queue_timer_.expires_at(last_moment_to_begin(queue_.front()));
    boost::system::error_code ignored;
    co_await queue_timer_.async_wait(asio::redirect_error(kUseTask, ignored));
    refuse_late();
  }
  watching_ = false;
}

void WriteBatcher::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  // After the handlers of this turn have run, so that their changes travel together.
  asio::post(database_.loop(), [this] {
    scheduled_ = false;
    start_batches();
  });
}

/// Lets the next batch wait for those whom the last one answered.
void WriteBatcher::gather(std::size_t answered, std::chrono::steady_clock::duration took) {
  if (running_ > 0 || !gathering_.begin(answered, queue_.size(), took, std::chrono::steady_clock::now())) return;
  gathering_timer_.expires_at(gathering_.until());
  gathering_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) start_batches();
  });
}

bool WriteBatcher::may_start() {
  if (queue_.empty() || running_ >= options_.batches) return false;
  if (gathering_.goes_on(queue_.size(), std::chrono::steady_clock::now())) return false;
  if (running_ == 0 || queue_.size() >= options_.grow_at * running_) return true;
  return std::chrono::steady_clock::now() - last_start_ > options_.slow_batch;
}

void WriteBatcher::start_batches() {
  while (may_start()) {
    Batch batch = take_batch();
    if (batch.empty()) return;
    ++running_;
    last_start_ = std::chrono::steady_clock::now();
    scope_.spawn("write batch", run(std::move(batch)));
  }
}

WriteBatcher::Batch WriteBatcher::take_batch() {
  Batch batch;
  std::set<EntityName> mine;
  std::deque<Pending> left;
  for (Pending& pending : queue_) {
    EntityName name(pending.change.tenant, pending.change.id);
    const bool held = batch.size() >= options_.batch_size || (in_flight_.contains(name) && !mine.contains(name));
    if (held) {
      left.push_back(std::move(pending));
      continue;
    }
    in_flight_.insert(name);
    mine.insert(std::move(name));
    batch.push_back(std::move(pending));
  }
  queue_.swap(left);
  return batch;
}

void WriteBatcher::release(const Batch& batch) {
  for (const Pending& pending : batch) in_flight_.erase({pending.change.tenant, pending.change.id});
}

void WriteBatcher::answer(Batch& batch, std::vector<Result<ChangeOutcome>> outcomes) {
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].resume(std::move(outcomes[i]));
}

Task<> WriteBatcher::run(Batch batch) {
  meters_.batches->add();
  const std::size_t changes = batch.size();
  meters_.changes->add(changes);
  const auto began = std::chrono::steady_clock::now();
  co_await commit_or_split(std::move(batch), 1);
  const auto ended = std::chrono::steady_clock::now();
  --running_;
  if (queue_.empty()) {
    rate_.idle();
  } else {
    rate_.done(changes, ended);
  }
  gather(changes, ended - began);
  schedule();
  if (closed_ && queue_.empty()) queue_timer_.cancel();
}

Task<> WriteBatcher::commit_or_split(Batch batch, int attempt) {
  std::vector<EntityChange*> changes;
  db::Deadline until = batch.front().until;
  for (Pending& pending : batch) {
    changes.push_back(&pending.change);
    until = earlier(until, pending.until);
  }
  auto outcomes = co_await attempt_commit(changes, until);
  if (outcomes) {
    release(batch);
    answer(batch, std::move(*outcomes));
    co_return;
  }
  const Error error = outcomes.error();
  const bool in_time = until.allows_another_try();
  const bool again = in_time && lost_race(error) && attempt < kAttempts;
  const bool split =
      in_time && batch.size() > 1 && error.code != ErrorCode::outcome_unknown && error.code != ErrorCode::busy;
  if (!again && !split) {
    release(batch);
    const Error told = lost_race(error) ? Error{ErrorCode::busy, error.message} : error;
    std::vector<Result<ChangeOutcome>> failures(batch.size(), Result<ChangeOutcome>(fail(told)));
    answer(batch, std::move(failures));
    co_return;
  }
  meters_.retries->add();
  if (again) {
    co_await commit_or_split(std::move(batch), attempt + 1);
    co_return;
  }
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  Batch second(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
  batch.erase(middle, batch.end());
  co_await commit_or_split(std::move(batch), 1);
  co_await commit_or_split(std::move(second), 1);
}

std::chrono::milliseconds WriteBatcher::run_time(db::Deadline until, double share) const {
  return std::min(until.for_run(share), options_.run_time);
}

/// The first of `count` keys in a row; nothing when the present block does not hold so many.
std::optional<EntityKey> WriteBatcher::take_keys(std::size_t count) {
  const auto wanted = static_cast<std::int64_t>(count);
  if (keys_left_ < wanted) return {};
  const EntityKey first{next_key_};
  next_key_ += wanted;
  keys_left_ -= wanted;
  return first;
}

void WriteBatcher::begin_key_block(std::int64_t block) {
  next_key_ = block * kKeysInBlock;
  keys_left_ = kKeysInBlock;
}

/// After a commit whose answer did not come: nothing if it happened. Errors: conflict if it did not, outcome_unknown.
Task<Result<>> WriteBatcher::settle(std::string transaction, db::Deadline until) {
  auto committed = co_await database_.was_committed(std::move(transaction), std::min(kCommitPatience, until.left()));
  if (!committed)
    co_return fail(ErrorCode::outcome_unknown,
                   "it is not known whether the change was stored: read it back before repeating");
  if (!*committed) co_return fail(ErrorCode::conflict, std::string(kConnectionLost));
  co_return Result<>();
}

Task<Result<std::vector<Result<ChangeOutcome>>>> WriteBatcher::attempt_commit(std::vector<EntityChange*> changes,
                                                                              db::Deadline until) {
  auto connection = co_await database_.write_connection(until);
  if (!connection) co_return fail(connection.error());
  std::vector<db::Call> opening;
  opening.push_back({&db::kBegin});
  opening.push_back({&db::kTransactionMark});
  opening.push_back(lock_call(changes));
  auto first_key = take_keys(changes.size());
  if (!first_key) opening.push_back({&statements::kKeyBlock});
  auto locked = co_await (*connection)->run(std::move(opening), run_time(until, kToLock));
  if (!locked && !(*connection)->is_usable()) {
    co_return fail(ErrorCode::conflict, std::string(kConnectionLost));  // before anything was written
  }
  if (!locked) co_return fail(locked.error());
  if (!first_key) {
    begin_key_block((*locked)[3].integer(0, 0));
    first_key = take_keys(changes.size());
  }
  const std::string transaction((*locked)[1].text(0, 0));
  const db::Rows& rows = (*locked)[2];

  ChangePlan plan(now(), rules_);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const TenantId tenant{static_cast<std::int32_t>(rows.integer(row, statements::kEntityColumns))};
    if (auto added = plan.add_current(tenant, statements::entity_at(rows, row),
                                      std::string(rows.text(row, statements::kEntityColumns + 1)));
        !added)
      co_return fail(added.error());
  }
  std::vector<Result<ChangeOutcome>> outcomes;
  std::int64_t key = first_key->value;
  for (const EntityChange* change : changes) outcomes.push_back(plan.apply(*change, EntityKey{key++}));

  if (plan.empty()) {
    std::vector<db::Call> closing;
    closing.push_back({&db::kRollback});
    auto rolled_back = co_await (*connection)->run(std::move(closing), run_time(until, kToWrite));
    if (!rolled_back) log::warn("rollback failed", {{"reason", rolled_back.error().message}});
    co_return outcomes;
  }
  std::vector<db::Call> writes = plan.writes();
  writes.push_back({&db::kCommit});
  auto written = co_await (*connection)->run(std::move(writes), run_time(until, kToWrite));
  if (!written && written.error().code != ErrorCode::outcome_unknown) co_return fail(written.error());
  if (!written) {
    auto settled = co_await settle(transaction, until);
    if (!settled) co_return fail(settled.error());
  }
  committed_();
  co_return outcomes;
}

}  // namespace machi::broker

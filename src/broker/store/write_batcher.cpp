#include "broker/store/write_batcher.h"

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "broker/store/change_plan.h"
#include "broker/store/statements.h"

namespace machi::broker {
namespace {

constexpr std::int64_t kKeysInBlock = 1024;
constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kCommitPatience{3000};

/// Worth another try as it is: the batch lost a race, and nothing of it was written.
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
      scope_(database.loop()) {}

Task<Result<ChangeOutcome>> WriteBatcher::submit(EntityChange change) {
  if (closed_) co_return fail(ErrorCode::busy, "the server is stopping");
  if (queue_.size() >= options_.waiting) co_return fail(ErrorCode::busy, "too many writes are waiting");
  auto start = [this, &change](Resume<Result<ChangeOutcome>> resume) {
    enqueue({std::move(change), std::move(resume)});
  };
  auto outcome = co_await suspend<Result<ChangeOutcome>>(std::move(start));
  co_return outcome;
}

Task<std::vector<Result<ChangeOutcome>>> WriteBatcher::submit_all(std::vector<EntityChange> changes) {
  using Outcomes = std::vector<Result<ChangeOutcome>>;
  if (changes.empty()) co_return Outcomes{};
  Outcomes outcomes(changes.size(), Result<ChangeOutcome>(fail(ErrorCode::busy, "too many writes are waiting")));
  if (closed_ || queue_.size() + changes.size() > options_.waiting) co_return outcomes;
  std::size_t left = changes.size();
  auto start = [&](Resume<int> resume) {
    auto shared = std::make_shared<Resume<int>>(std::move(resume));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      enqueue({std::move(changes[i]), [&outcomes, &left, i, shared](Result<ChangeOutcome> outcome) {
                 outcomes[i] = std::move(outcome);
                 if (--left == 0) (*shared)(0);
               }});
    }
  };
  co_await suspend<int>(std::move(start));
  co_return outcomes;
}

Task<> WriteBatcher::close() {
  closed_ = true;
  co_await scope_.join();
}

void WriteBatcher::enqueue(Pending pending) {
  queue_.push_back(std::move(pending));
  schedule();
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

bool WriteBatcher::may_start() const {
  if (queue_.empty() || running_ >= options_.batches) return false;
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
  meters_.changes->add(batch.size());
  co_await commit_or_split(std::move(batch), 1);
  --running_;
  schedule();
}

Task<> WriteBatcher::commit_or_split(Batch batch, int attempt) {
  std::vector<EntityChange*> changes;
  for (Pending& pending : batch) changes.push_back(&pending.change);
  auto outcomes = co_await attempt_commit(changes);
  if (outcomes) {
    release(batch);
    answer(batch, std::move(*outcomes));
    co_return;
  }
  const Error error = outcomes.error();
  const bool again = lost_race(error) && attempt < kAttempts;
  const bool split = batch.size() > 1 && error.code != ErrorCode::outcome_unknown && error.code != ErrorCode::busy;
  if (!again && !split) {
    release(batch);
    std::vector<Result<ChangeOutcome>> failures(batch.size(), Result<ChangeOutcome>(fail(error)));
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

Task<Result<EntityKey>> WriteBatcher::reserve_keys(std::size_t count) {
  if (keys_left_ < static_cast<std::int64_t>(count)) {
    auto block = co_await database_.read(statements::kKeyBlock, db::Parameters());
    if (!block) co_return fail(block.error());
    next_key_ = block->integer(0, 0) * kKeysInBlock;
    keys_left_ = kKeysInBlock;
  }
  const EntityKey first{next_key_};
  next_key_ += static_cast<std::int64_t>(count);
  keys_left_ -= static_cast<std::int64_t>(count);
  co_return first;
}

Task<Result<std::vector<Result<ChangeOutcome>>>> WriteBatcher::attempt_commit(std::vector<EntityChange*> changes) {
  auto first_key = co_await reserve_keys(changes.size());
  if (!first_key) co_return fail(first_key.error());
  auto connection = co_await database_.write_connection();
  if (!connection) co_return fail(connection.error());
  std::vector<db::Call> opening;
  opening.push_back({&db::kBegin});
  opening.push_back({&db::kTransactionMark});
  opening.push_back(lock_call(changes));
  auto locked = co_await (*connection)->run(std::move(opening), options_.deadline);
  if (!locked && locked.error().code == ErrorCode::outcome_unknown) {
    co_return fail(ErrorCode::conflict, "the connection to the database was lost");  // before anything was written
  }
  if (!locked) co_return fail(locked.error());
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
    auto rolled_back = co_await (*connection)->run(std::move(closing), options_.deadline);
    if (!rolled_back) log::warn("rollback failed", {{"reason", rolled_back.error().message}});
    co_return outcomes;
  }
  std::vector<db::Call> writes = plan.writes();
  writes.push_back({&db::kCommit});
  auto written = co_await (*connection)->run(std::move(writes), options_.deadline);
  if (!written && written.error().code == ErrorCode::outcome_unknown) {
    auto settled = co_await database_.was_committed(transaction, kCommitPatience);
    if (!settled)
      co_return fail(ErrorCode::outcome_unknown,
                     "it is not known whether the change was stored: read it back before repeating");
    if (!*settled) co_return fail(ErrorCode::conflict, "the connection to the database was lost");
  } else if (!written) {
    co_return fail(written.error());
  }
  committed_();
  co_return outcomes;
}

}  // namespace machi::broker

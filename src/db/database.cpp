#include "db/database.h"

#include <fmt/format.h>

#include "db/await.h"
#include "db/exclusive_pool.h"
#include "db/read_pool.h"
#include "db/sqlstate.h"

namespace machi::db {

namespace {

constexpr int kConflictAttempts = 4;  // once, and three times again
constexpr std::chrono::seconds kAfterStatementTimeout{2};
constexpr double kFirstShare = 0.5;  // of the time left: a connection that hangs leaves some for another

constinit const Statement kTransactionStatus{
    "machi_transaction_status",
    "select pg_xact_status($1::text::xid8), coalesce(extract(epoch from pg_stat_get_bgwriter_stat_reset_time()), 0)"};

}  // namespace

struct Database::State {
  Loop& loop;
  DatabaseOptions options;
  std::shared_ptr<ReadPool> reads;
  std::shared_ptr<ExclusivePool> writes;
  std::shared_ptr<ExclusivePool> slow;
};

struct Database::Lease::State {
  std::shared_ptr<ExclusivePool> pool;
  std::unique_ptr<Connection> connection;
  ~State() { pool->give_back(std::move(connection)); }
  State(std::shared_ptr<ExclusivePool> p, std::unique_ptr<Connection> c)
      : pool(std::move(p)), connection(std::move(c)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Database::Database(Loop& loop, DatabaseOptions options) {
  const OpenOptions open{.url = options.url, .timeout = options.connect_time};
  OpenOptions open_slow = open;
  open_slow.gives_way = options.on_this_machine;
  // A plan for the values at hand: the right index depends on them, and planning is a small part of a long query.
  open_slow.settings =
      fmt::format("set plan_cache_mode to force_custom_plan; set statement_timeout to {};", options.slow_time.count());
  // Reads and writes name their rows by key. They are planned once a connection: the number of rows in the arrays
  // changes nothing but the estimate, and planning each time costs as much as carrying out. The plan must not follow
  // from how small the tables were then.
  OpenOptions open_planned_once = open;
  open_planned_once.settings =
      "set plan_cache_mode to force_generic_plan; set enable_seqscan to off; set enable_hashjoin to off; "
      "set enable_mergejoin to off;";
  const auto count = [](int n) { return static_cast<std::size_t>(std::max(n, 1)); };
  auto reads = std::make_shared<ReadPool>(loop, ReadPool::Options{.open = open_planned_once,
                                                                  .connections = count(options.read_connections),
                                                                  .waiting = options.read_waiting});
  auto writes =
      std::make_shared<ExclusivePool>(loop, ExclusivePool::Options{.open = open_planned_once,
                                                                   .connections = count(options.write_connections),
                                                                   .waiting = options.write_waiting,
                                                                   .idle_time = options.idle_time});
  auto slow =
      std::make_shared<ExclusivePool>(loop, ExclusivePool::Options{.open = open_slow,
                                                                   .connections = count(options.slow_connections),
                                                                   .waiting = options.slow_waiting,
                                                                   .idle_time = options.idle_time});
  state_ = std::make_shared<State>(loop, std::move(options), std::move(reads), std::move(writes), std::move(slow));
}

// Without close(): what is under way ends with an error, and connections go as they come back.
Database::~Database() {
  state_->reads->close([] {});
  state_->writes->close([] {});
  state_->slow->close([] {});
}

Task<Result<Rows>> Database::read(const Statement& statement, Parameters parameters) {
  return read(statement, std::move(parameters), state_->options.answer_time);
}

Task<Result<Rows>> Database::read(const Statement& statement, Parameters parameters, std::chrono::milliseconds time) {
  return asio::async_initiate<const asio::use_awaitable_t<Loop::executor_type>, void(Result<Rows>)>(
      [pool = state_->reads, &statement, moved = std::move(parameters), time](auto handler) mutable {
        pool->read(statement, std::move(moved), time, ReadPool::Done(std::move(handler)));
      },
      kUseTask);
}

Task<Result<Rows>> Database::slow(std::string sql, Parameters parameters) {
  const auto state = state_;
  std::unique_ptr<Connection> connection = state->slow->try_borrow();
  if (!connection) {
    const Deadline patience = Deadline::in(state->options.slow_time);
    auto borrow = [&](auto done) { state->slow->borrow(patience, std::move(done)); };
    auto loan = co_await await_callback<ExclusivePool::Loan>(borrow);
    if (!loan) co_return fail(loan.error());
    connection = std::move(*loan);
  }
  const Lease lease(std::make_unique<Lease::State>(state->slow, std::move(connection)));
  const Statement statement{"", sql};
  std::vector<Call> calls;
  calls.push_back({&statement, std::move(parameters)});
  auto rows = co_await lease->run(std::move(calls), state->options.slow_time + kAfterStatementTimeout);
  if (rows) co_return std::move(rows->front());
  // Nothing was changed, so it does not matter that it may have run.
  const bool lost = rows.error().code == ErrorCode::outcome_unknown;
  co_return fail(lost ? database_error(ErrorCode::busy) : rows.error());
}

Database::Lease::Lease(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Lease::Lease(Lease&&) noexcept = default;
Database::Lease& Database::Lease::operator=(Lease&&) noexcept = default;
Database::Lease::~Lease() = default;
Connection* Database::Lease::operator->() const {
  return state_->connection.get();
}
Connection& Database::Lease::operator*() const {
  return *state_->connection;
}

Deadline Database::deadline() const {
  return Deadline::in(state_->options.answer_time);
}

Task<Result<Database::Lease>> Database::write_connection() {
  return write_connection(deadline());
}

Task<Result<Database::Lease>> Database::write_connection(Deadline until) {
  const auto state = state_;
  std::unique_ptr<Connection> connection = state->writes->try_borrow();
  if (!connection) {
    auto borrow = [&](auto done) { state->writes->borrow(until, std::move(done)); };
    auto loan = co_await await_callback<ExclusivePool::Loan>(borrow);
    if (!loan) co_return fail(loan.error());
    connection = std::move(*loan);
  }
  co_return Lease(std::make_unique<Lease::State>(state->writes, std::move(connection)));
}

Task<Result<std::vector<Rows>>> Database::transact(std::vector<Call> calls) {
  const Deadline until = deadline();
  for (int attempt = 1;; ++attempt) {
    auto rows = co_await transact_once(calls, until);
    if (rows || rows.error().code != ErrorCode::conflict) co_return rows;
    if (!until.allows_another_try()) co_return fail(database_error(ErrorCode::busy));
    if (attempt == kConflictAttempts) co_return rows;
  }
}

/// Two steps, so that mark and rows are known before the commit is sent: what its loss means depends on them.
Task<Result<std::vector<Rows>>> Database::transact_once(std::vector<Call> calls, Deadline until) {
  auto lease = co_await write_connection(until);
  if (!lease) co_return fail(lease.error());
  calls.insert(calls.begin(), {{&kBegin}, {&kTransactionMark}});
  auto rows = co_await (*lease)->run(std::move(calls), until.for_run(kFirstShare));
  if (!rows) {
    // Lost before the commit was sent: nothing happened, so it may be repeated.
    const bool lost = !(*lease)->is_usable() && rows.error().code != ErrorCode::timeout;
    co_return fail(lost ? database_error(ErrorCode::conflict) : rows.error());
  }
  std::vector<Call> ending;
  ending.push_back({&kCommit});
  auto ended = co_await (*lease)->run(std::move(ending), until.for_run(kFirstShare));
  std::string mark((*rows)[1].text(0, 0));
  rows->erase(rows->begin(), rows->begin() + 2);
  if (ended) co_return rows;
  if (ended.error().code != ErrorCode::outcome_unknown) co_return fail(ended.error());
  auto committed = co_await was_committed(std::move(mark), until.left());
  if (!committed) co_return fail(committed.error());
  if (*committed) co_return rows;
  co_return fail(database_error(ErrorCode::conflict));
}

Task<Result<bool>> Database::was_committed(std::string mark, std::chrono::milliseconds patience) {
  const auto state = state_;
  const Deadline until = Deadline::in(patience);
  const std::size_t at = mark.find('@');
  const std::string xid = mark.substr(0, at);
  const std::string epoch = at == std::string::npos ? "" : mark.substr(at + 1);
  BackOff back_off;
  while (true) {
    auto answer = co_await ask_status(xid, epoch, until);
    if (answer) co_return answer;
    const auto wait = back_off.next();
    if (answer.error().code != ErrorCode::busy || wait > until.left()) break;
    Timer timer(state->loop.get_executor(), wait);
    co_await timer.async_wait(kUseTask);
  }
  co_return fail(database_error(ErrorCode::outcome_unknown));
}

/// One question on a new connection. Error busy: ask again; any other: it cannot be found out.
Task<Result<bool>> Database::ask_status(std::string xid, std::string epoch, Deadline until) {
  const auto state = state_;
  const auto connect_time = std::min(state->options.connect_time, until.left());
  auto connection = co_await Connection::connect(state->loop, state->options.url, connect_time);
  if (!connection) co_return fail(connection.error());
  std::vector<Call> calls;
  calls.push_back({&kTransactionStatus, Parameters().add(xid)});
  auto rows = co_await (*connection)->run(std::move(calls), until.for_run());
  // "Transaction ID is in the future": this server never saw it, so a crash took it away uncommitted.
  if (!rows && rows.error().code == ErrorCode::bad_request) co_return false;
  if (!rows) co_return fail(database_error(ErrorCode::busy));
  const Rows& row = rows->front();
  const std::string_view status = row.text(0, 0);
  const bool crashed_since = !epoch.empty() && row.text(0, 1) != epoch;
  if (status == "aborted") co_return false;
  // All transactions of the time before the crash are over: this is another one with the same number.
  if (status == "in progress" && crashed_since) co_return false;
  if (status == "in progress") co_return fail(database_error(ErrorCode::busy));
  if (status == "committed" && !crashed_since) co_return true;
  co_return fail(database_error(ErrorCode::outcome_unknown));
}

Database::Gauges Database::gauges() const {
  const State& s = *state_;
  return {.reads_waiting = s.reads->waiting(),
          .slow_waiting = s.slow->waiting(),
          .writes_waiting = s.writes->waiting(),
          .connections = s.reads->connections() + s.writes->connections() + s.slow->connections()};
}

Task<> Database::close() {
  const auto state = state_;
  auto close_reads = [&](auto done) { state->reads->close([done = std::move(done)]() mutable { done(true); }); };
  co_await await_callback<bool>(close_reads);
  auto close_slow = [&](auto done) { state->slow->close([done = std::move(done)]() mutable { done(true); }); };
  co_await await_callback<bool>(close_slow);
  auto close_writes = [&](auto done) { state->writes->close([done = std::move(done)]() mutable { done(true); }); };
  co_await await_callback<bool>(close_writes);
}

Loop& Database::loop() const {
  return state_->loop;
}

}  // namespace machi::db

#include "core/jobs.h"

#include <boost/asio/redirect_error.hpp>

#include "base/log.h"

namespace machi::core {
namespace {

const db::Statement kEnrol{"job_enrol",
                           "insert into machi.job (name, owner, schedule, next_run) values ($1::text, 'operator', "
                           "$2::text, now()) on conflict (name) do nothing"};
const db::Statement kClaim{"job_claim",
                           "update machi.job set running_on = $1::text, running_until = now() + interval '30 seconds' "
                           "where name in (select name from machi.job "
                           "where next_run <= now() and (running_until is null or running_until < now()) and name = "
                           "any($2::text[]) order by next_run for update "
                           "skip locked) returning name, attempts, schedule"};
const db::Statement kRenew{"job_renew",
                           "update machi.job set running_until = now() + interval '30 seconds' where name = $1::text "
                           "and running_on = $2::text"};
const db::Statement kFinish{"job_finish",
                            "update machi.job set running_on = null, running_until = null, attempts = $3::int, "
                            "next_run = $4::timestamptz where name = $1::text and "
                            "running_on = $2::text"};
const db::Statement kRecord{"job_record",
                            "insert into machi.job_run (job, node, started, finished, outcome, message) values "
                            "($1::text, $2::text, $3::timestamptz, "
                            "$4::timestamptz, $5::text, $6::text)"};
const db::Statement kForget{"job_forget", "delete from machi.job_run where started < now() - interval '90 days'"};

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::seconds kRenewal{10};
constexpr std::chrono::minutes kLongestWait{60};

Timestamp next_run(const Schedule& schedule, bool succeeded, std::int64_t attempts, Timestamp finished) {
  const Timestamp planned = schedule.next_after(finished);
  if (succeeded) return planned;
  const auto wait = std::min<std::chrono::minutes>(
      kLongestWait, std::chrono::minutes(1) * (1 << std::min<std::int64_t>(attempts, 6)));
  return std::min(planned, finished + wait);
}

}  // namespace

JobRunner::JobRunner(db::Database& database, std::string node, std::vector<Job> jobs)
    : database_(database),
      node_(std::move(node)),
      jobs_(std::move(jobs)),
      scope_(database.loop()),
      timer_(database.loop()) {}

void JobRunner::start() {
  scope_.spawn("jobs", loop());
}

Task<> JobRunner::stop() {
  stopping_ = true;
  timer_.cancel();
  for (const Job& job : jobs_) {
    if (job.cancel) job.cancel();
  }
  co_await scope_.join();
}

Task<Result<>> JobRunner::enrol() {
  std::vector<db::Call> calls;
  for (const Job& job : jobs_) {
    db::Call call{&kEnrol};
    call.parameters.add(job.name).add(job.schedule);
    calls.push_back(std::move(call));
  }
  calls.push_back({&kForget});
  auto done = co_await database_.transact(std::move(calls));
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

Task<> JobRunner::loop() {
  bool enrolled = false;
  while (!stopping_) {
    if (!enrolled) {
      auto done = co_await enrol();
      enrolled = done.has_value();
    }
    if (enrolled) co_await run_due();
    timer_.expires_after(kTick);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(kUseTask, ignored));
  }
}

Task<> JobRunner::run_due() {
  std::vector<std::string_view> names;
  for (const Job& job : jobs_) names.push_back(job.name);
  std::vector<db::Call> calls(1);
  calls[0].statement = &kClaim;
  calls[0].parameters.add(node_).add_array(names);
  auto claimed = co_await database_.transact(std::move(calls));
  if (!claimed) co_return;  // no database just now; the next tick tries again
  const db::Rows& rows = (*claimed)[0];
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const Job& job : jobs_) {
      if (job.name == rows.text(row, 0)) scope_.spawn(job.name, run_one(&job, rows.integer(row, 1)));
    }
  }
}

Task<> JobRunner::keep_lease(std::string_view name, std::shared_ptr<Lease> lease) {
  while (!lease->ended) {
    lease->timer.expires_after(kRenewal);
    boost::system::error_code ignored;
    co_await lease->timer.async_wait(asio::redirect_error(kUseTask, ignored));
    if (lease->ended) break;
    std::vector<db::Call> calls(1);
    calls[0].statement = &kRenew;
    calls[0].parameters.add(name).add(node_);
    auto renewed = co_await database_.transact(std::move(calls));
    if (!renewed) log::warn("a job's lease could not be renewed", {{"job", name}});
  }
}

Task<> JobRunner::run_one(const Job* job, std::int64_t attempts) {
  const Timestamp started = now();
  auto lease = std::make_shared<Lease>(database_.loop());
  scope_.spawn("job lease", keep_lease(job->name, lease));
  auto outcome = co_await job->run();
  lease->ended = true;
  lease->timer.cancel();
  const Timestamp finished = now();
  const auto schedule = Schedule::parse(job->schedule);
  const bool succeeded = outcome.has_value();
  const std::string message = succeeded ? *outcome : outcome.error().message;
  if (!succeeded) log::warn("a job failed", {{"job", job->name}, {"reason", message}});
  std::vector<db::Call> calls(2);
  calls[0].statement = &kFinish;
  calls[0].parameters.add(job->name).add(node_).add(succeeded ? 0 : static_cast<int>(attempts + 1));
  calls[0].parameters.add(schedule ? next_run(*schedule, succeeded, attempts, finished) : finished + kLongestWait);
  calls[1].statement = &kRecord;
  calls[1]
      .parameters.add(job->name)
      .add(node_)
      .add(started)
      .add(finished)
      .add(succeeded ? "succeeded" : "failed")
      .add(message);
  // Runs that did nothing leave no record.
  if (succeeded && message.empty()) calls.pop_back();
  auto recorded = co_await database_.transact(std::move(calls));
  if (!recorded)
    log::warn("a job's end could not be recorded", {{"job", job->name}, {"reason", recorded.error().message}});
}

}  // namespace machi::core

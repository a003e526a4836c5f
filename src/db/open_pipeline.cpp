#include "db/open_pipeline.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "db/blocking_jobs.h"
#include "db/give_way.h"
#include "db/sqlstate.h"

namespace machi::db {

namespace {

constexpr std::string_view kSessionSettings =
    "set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'iso_8601'; set bytea_output to 'hex';"
    "set extra_float_digits to 1; set client_min_messages to warning;"
    // Statements are short; compiling one takes longer than any of them.
    "set jit to off;"
    // A transaction that stays open holds back vacuum and the horizon of the change log.
    "set idle_in_transaction_session_timeout to '60s';";

std::string_view reason_of(const ConnectionHandle& connection) {
  const std::string_view message = PQerrorMessage(connection.get());
  return message.substr(0, message.find('\n'));
}

ConnectionHandle connect_blocking(const OpenOptions& options) {
  // 0 would be for ever.
  const auto seconds = std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(options.timeout).count(), 1);
  const std::string timeout = fmt::format("{}", seconds);
  // Later words win, so that the connection string can overrule ours. Keepalives find a peer that died silently.
  const std::array names = {"fallback_application_name",
                            "client_encoding",
                            "connect_timeout",
                            "keepalives_idle",
                            "keepalives_interval",
                            "keepalives_count",
                            "tcp_user_timeout",
                            "dbname",
                            static_cast<const char*>(nullptr)};
  const std::array values = {"machi",
                             "UTF8",
                             timeout.c_str(),
                             "30",
                             "10",
                             "3",
                             "15000",
                             options.url.c_str(),
                             static_cast<const char*>(nullptr)};
  ConnectionHandle connection(PQconnectdbParams(names.data(), values.data(), 1));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    log::warn("cannot connect to the database", {{"reason", reason_of(connection)}});
    return nullptr;
  }
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
  const std::string settings = std::string(kSessionSettings) + options.settings;
  const ResultHandle result(PQexec(connection.get(), settings.c_str()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    log::warn("cannot set up the session", {{"reason", reason_of(connection)}});
    return nullptr;
  }
  return connection;
}

/// Who waits for a connection. libpq counts the time in whole seconds, and not that of a server which accepts and then
/// says nothing more; a clock of our own ends the waiting.
class Opening : public std::enable_shared_from_this<Opening> {
 public:
  using Done = std::move_only_function<void(Result<std::shared_ptr<Pipeline>>)>;
  Opening(Loop& loop, Done done) : timer_(loop.get_executor()), done_(std::move(done)) {}

  void begin(std::chrono::milliseconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->end(nullptr);
    });
  }
  [[nodiscard]] bool is_over() const { return !done_; }
  void end(std::shared_ptr<Pipeline> pipeline) {
    if (is_over()) return;
    timer_.cancel();
    Done done = std::exchange(done_, nullptr);
    if (!pipeline) return done(fail(database_error(ErrorCode::busy)));
    done(std::move(pipeline));
  }

 private:
  Timer timer_;
  Done done_;
};

}  // namespace

void open_pipeline(Loop& loop, OpenOptions options,
                   std::move_only_function<void(Result<std::shared_ptr<Pipeline>>)> done) {
  auto opening = std::make_shared<Opening>(loop, std::move(done));
  opening->begin(options.timeout);
  auto work = [&loop, options = std::move(options), opening, guard = asio::make_work_guard(loop)]() mutable {
    ConnectionHandle connection = connect_blocking(options);
    const bool gives_way = options.gives_way;
    asio::post(loop, [&loop, gives_way, connection = std::move(connection), opening = std::move(opening)]() mutable {
      std::shared_ptr<Pipeline> pipeline;
      if (connection && !opening->is_over()) {
        const pid_t server_process = PQbackendPID(connection.get());
        pipeline = Pipeline::start(loop, std::move(connection));
        if (gives_way) give_way(loop, pipeline, server_process);
      }
      opening->end(std::move(pipeline));
    });
  };
  asio::post(BlockingJobs::of(loop).pool(), std::move(work));
}

}  // namespace machi::db

#include "db/open_pipeline.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "db/blocking_jobs.h"
#include "db/sqlstate.h"

namespace machi::db {

namespace {

constexpr std::string_view kSessionSettings =
    "set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'iso_8601'; set bytea_output to 'hex';"
    "set extra_float_digits to 1; set client_min_messages to warning;"
    // A transaction that stays open holds back vacuum and the horizon of the change log.
    "set idle_in_transaction_session_timeout to '60s';";

std::string_view reason_of(const ConnectionHandle& connection) {
  const std::string_view message = PQerrorMessage(connection.get());
  return message.substr(0, message.find('\n'));
}

ConnectionHandle connect_blocking(const OpenOptions& options) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.timeout).count();
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

}  // namespace

void open_pipeline(Loop& loop, OpenOptions options,
                   std::move_only_function<void(Result<std::shared_ptr<Pipeline>>)> done) {
  auto work = [&loop, options = std::move(options), done = std::move(done),
               guard = asio::make_work_guard(loop)]() mutable {
    ConnectionHandle connection = connect_blocking(options);
    asio::post(loop, [&loop, connection = std::move(connection), done = std::move(done)]() mutable {
      std::shared_ptr<Pipeline> pipeline;
      if (connection) pipeline = Pipeline::start(loop, std::move(connection));
      if (!pipeline) return done(fail(database_error(ErrorCode::busy)));
      done(std::move(pipeline));
    });
  };
  asio::post(BlockingJobs::of(loop).pool(), std::move(work));
}

}  // namespace machi::db

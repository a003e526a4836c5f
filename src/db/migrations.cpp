#include "db/migrations.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <charconv>

#include "base/log.h"
#include "db/pipeline.h"
#include "db/sqlstate.h"

namespace machi::db {

namespace {

// "machi" in ASCII: the key of the advisory lock that makes nodes take turns.
constexpr std::string_view kLock = "select pg_advisory_lock(469936007273)";
constexpr std::string_view kInsufficientPrivilege = "42501";
// Waiting for longer would hold up every statement that comes after ours for the same table.
constexpr std::string_view kSession = "set client_min_messages to warning; set lock_timeout to '60s'";
constexpr std::string_view kTable =
    "create schema if not exists machi;"
    "create table if not exists machi.migration ("
    "version integer primary key, name text not null, checksum text not null, "
    "applied timestamptz not null default now())";
constexpr std::string_view kApplied = "select version, checksum from machi.migration order by version";

std::string checksum_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

Result<ResultHandle> execute(PGconn* connection, std::string_view sql, std::string_view what) {
  ResultHandle result(PQexec(connection, std::string(sql).c_str()));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  if (PQstatus(connection) != CONNECTION_OK) return fail(database_error(ErrorCode::busy));
  const Error error = error_of(result.get(), what);
  log::error("migration failed", {{"statement", what}, {"reason", PQerrorMessage(connection)}});
  return fail(error.code, fmt::format("{}: {}", what, error.message));
}

Result<std::map<int, std::string>> read_applied(PGconn* connection) {
  auto rows = execute(connection, kApplied, "reading the migrations");
  if (!rows) return fail(rows.error());
  std::map<int, std::string> applied;
  for (int row = 0; row < PQntuples(rows->get()); ++row) {
    const std::string_view version = PQgetvalue(rows->get(), row, 0);
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    applied.emplace(number, PQgetvalue(rows->get(), row, 1));
  }
  return applied;
}

Result<> check_applied(const std::map<int, std::string>& applied, std::span<const Migration> migrations) {
  for (const auto& [version, checksum] : applied) {
    const auto known = std::find_if(migrations.begin(), migrations.end(),
                                    [v = version](const Migration& m) { return m.version == v; });
    if (known == migrations.end()) {
      return fail(ErrorCode::conflict,
                  fmt::format("the database has migration {}, which this version of Machi does not know; "
                              "start the newer Machi that made it",
                              version));
    }
    if (checksum_of(known->sql) != checksum) {
      return fail(ErrorCode::conflict,
                  fmt::format("migration {:04}_{} was changed after it had been applied", version, known->name));
    }
  }
  return {};
}

Result<> apply(PGconn* connection, const Migration& migration) {
  const std::string what = fmt::format("migration {:04}_{}", migration.version, migration.name);
  const std::string record =
      fmt::format("insert into machi.migration (version, name, checksum) values ({}, '{}', '{}')", migration.version,
                  migration.name, checksum_of(migration.sql));
  for (const std::string_view sql :
       {std::string_view("begin"), migration.sql, std::string_view(record), std::string_view("commit")}) {
    auto done = execute(connection, sql, what);
    if (!done) return fail(done.error());  // the connection is closed, which rolls back
  }
  log::info("migration applied", {{"version", migration.version}, {"name", migration.name}});
  return {};
}

Result<ConnectionHandle> connect(const std::string& connection_string) {
  ConnectionHandle connection(PQconnectdb(connection_string.c_str()));
  if (PQstatus(connection.get()) == CONNECTION_OK) return connection;
  log::warn("cannot connect to the database", {{"reason", PQerrorMessage(connection.get())}});
  return fail(ErrorCode::busy, "the database does not answer");
}

constexpr std::string_view kMissingExtensions =
    "select name from unnest(array['postgis', 'btree_gist']) with ordinality as wanted(name, place) "
    "where not exists (select 1 from pg_extension where extname = name) order by place";

/// What an administrator has to do, for whoever reads the log of a start that failed.
Failure missing_extensions(const std::vector<std::string>& names, std::string_view state, const char* database) {
  std::string commands;
  for (const std::string& name : names) commands += fmt::format(" CREATE EXTENSION {};", name);
  if (state == kInsufficientPrivilege) {
    return fail(ErrorCode::forbidden,
                fmt::format("the database {} lacks {}, and its user may not create what is missing; run in it as an "
                            "administrator:{}",
                            database, fmt::join(names, " and "), commands),
                "database.url");
  }
  return fail(
      ErrorCode::not_found,
      fmt::format("the database server does not have {}; install PostGIS and PostgreSQL's contrib modules there "
                  "(Debian: postgresql-postgis), then run in the database {}:{}",
                  fmt::join(names, " and "), database, commands),
      "database.url");
}

}  // namespace

Result<std::string> run_once(const std::string& connection_string, std::string_view sql) {
  auto connection = connect(connection_string);
  if (!connection) return fail(connection.error());
  auto done = execute(connection->get(), sql, "preparing the database");
  if (!done) return fail(done.error());
  return std::string(PQntuples(done->get()) > 0 ? PQgetvalue(done->get(), 0, 0) : "");
}

Result<> ensure_extensions(const std::string& connection_string) {
  auto connection = connect(connection_string);
  if (!connection) return fail(connection.error());
  for (const std::string_view sql : {kLock, kSession}) {
    auto done = execute(connection->get(), sql, "preparing extensions");
    if (!done) return fail(done.error());
  }
  auto rows = execute(connection->get(), kMissingExtensions, "reading the extensions");
  if (!rows) return fail(rows.error());
  std::vector<std::string> missing;
  for (int row = 0; row < PQntuples(rows->get()); ++row) missing.emplace_back(PQgetvalue(rows->get(), row, 0));
  while (!missing.empty()) {
    const std::string sql = fmt::format("create extension if not exists {}", missing.front());
    const ResultHandle made(PQexec(connection->get(), sql.c_str()));
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) {
      log::error("an extension could not be made", {{"reason", PQerrorMessage(connection->get())}});
      return missing_extensions(missing, sqlstate_of(made.get()), PQdb(connection->get()));
    }
    log::info("extension made", {{"name", missing.front()}});
    missing.erase(missing.begin());
  }
  return {};
}

Result<int> migrate(const std::string& connection_string, std::span<const Migration> migrations) {
  const auto connected = connect(connection_string);
  if (!connected) return fail(connected.error());
  const ConnectionHandle& connection = *connected;
  for (const std::string_view sql : {kLock, kSession, kTable}) {
    auto done = execute(connection.get(), sql, "preparing migrations");
    if (!done) return fail(done.error());
  }
  const auto applied = read_applied(connection.get());
  if (!applied) return fail(applied.error());
  const auto fits = check_applied(*applied, migrations);
  if (!fits) return fail(fits.error());
  int count = 0;
  for (const Migration& migration : migrations) {
    if (applied->contains(migration.version)) continue;
    const auto done = apply(connection.get(), migration);
    if (!done) return fail(done.error());
    ++count;
  }
  return count;
}

}  // namespace machi::db

#include "db/sqlstate.h"

#include <libpq-fe.h>

#include "base/log.h"

namespace machi::db {

namespace {

struct Meaning {
  std::string_view state;  ///< five characters, or the two of a class
  ErrorCode code;
};

// PostgreSQL manual, appendix A. The exact state counts before its class.
constexpr std::array kMeanings = {
    Meaning{"22", ErrorCode::bad_request},
    Meaning{"23505", ErrorCode::conflict},
    Meaning{"23P01", ErrorCode::conflict},
    Meaning{"25006", ErrorCode::busy},      // read only: the primary became a standby
    Meaning{"25P03", ErrorCode::busy},      // closed: idle in a transaction for too long
    Meaning{"26000", ErrorCode::conflict},  // the prepared statement is gone; prepared anew
    Meaning{"40", ErrorCode::conflict},
    Meaning{"53", ErrorCode::no_resources},
    Meaning{"53300", ErrorCode::busy},
    Meaning{"54000", ErrorCode::bad_request},  // an index entry or row too long
    Meaning{"54001", ErrorCode::bad_request},
    Meaning{"55P03", ErrorCode::timeout},
    Meaning{"57014", ErrorCode::timeout},
    Meaning{"57P", ErrorCode::busy},
};

}  // namespace

ErrorCode error_code_of(std::string_view sqlstate) {
  const Meaning* found = nullptr;
  for (const Meaning& meaning : kMeanings) {
    const bool matches = sqlstate.starts_with(meaning.state);
    if (matches && (!found || meaning.state.size() > found->state.size())) found = &meaning;
  }
  return found ? found->code : ErrorCode::internal;
}

Error database_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::conflict:
      return {code, "the change collided with another one; repeat it"};
    case ErrorCode::timeout:
      return {code, "the database took too long; try again later"};
    case ErrorCode::busy:
      return {code, "the database cannot take the request now; try again later"};
    case ErrorCode::no_resources:
      return {code, "the database has no room for the request"};
    case ErrorCode::bad_request:
      return {code, "the request holds a value that cannot be stored"};
    case ErrorCode::outcome_unknown:
      return {code, "the connection to the database was lost; it is not known whether the change was made"};
    default:
      return {ErrorCode::internal, "internal error"};
  }
}

std::string_view sqlstate_of(const pg_result* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state ? state : "";
}

Error error_of(const pg_result* result, std::string_view statement) {
  const std::string_view state = sqlstate_of(result);
  const Error error = database_error(error_code_of(state));
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  // A refused value may stand in the message, which is the client's affair and not the log's.
  const bool tells_values = error.code == ErrorCode::bad_request || error.code == ErrorCode::conflict;
  log::write(error.code == ErrorCode::internal ? log::Level::error : log::Level::debug, "statement failed",
             {{"sqlstate", state},
              {"detail", tells_values || !message ? "" : message},
              {"statement", statement.empty() ? "(unnamed)" : statement}});
  return error;
}

}  // namespace machi::db

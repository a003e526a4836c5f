#pragma once
#include <string_view>

#include "base/result.h"

struct pg_result;

namespace machi::db {

/// What a SQLSTATE means to Machi: the only place where one becomes an error (connection.h names the codes).
[[nodiscard]] ErrorCode error_code_of(std::string_view sqlstate);

/// The sentence that goes with a code. Never holds SQL, values or the server's own words.
[[nodiscard]] Error database_error(ErrorCode code);

/// The error of a failed result. Logs SQLSTATE, message and the statement's name.
[[nodiscard]] Error error_of(const pg_result* result, std::string_view statement);

/// The SQLSTATE of a failed result; empty when libpq made the error itself.
[[nodiscard]] std::string_view sqlstate_of(const pg_result* result);

}  // namespace machi::db

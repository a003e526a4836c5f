#pragma once
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/query/sql.h"
#include "db/test_cluster.h"

namespace machi::broker::query {

/// A blocking connection to a new database with all migrations; statements are planned with their parameters' values.
class Session {
 public:
  Session() : url_(db::testing::migrated_database()) { connection_.reset(PQconnectdb(url_.c_str())); }

  using Row = std::vector<std::string>;
  std::vector<Row> run(const std::string& text, const db::Parameters& parameters = {}) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      values.push_back(parameters.value(i));
      lengths.push_back(parameters.length(i));
      formats.push_back(parameters.is_binary(i) ? 1 : 0);
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexecParams(connection_.get(), text.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                     lengths.data(), formats.data(), 0),
        &PQclear);
    const auto status = PQresultStatus(result.get());
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        << text << ": " << PQerrorMessage(connection_.get());
    std::vector<Row> rows;
    for (int r = 0; r < PQntuples(result.get()); ++r) {
      Row& row = rows.emplace_back();
      for (int c = 0; c < PQnfields(result.get()); ++c) row.emplace_back(PQgetvalue(result.get(), r, c));
    }
    return rows;
  }
  std::vector<Row> run(const Sql& sql) { return run(sql.text, sql.parameters); }

 private:
  std::string url_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
};

}  // namespace machi::broker::query

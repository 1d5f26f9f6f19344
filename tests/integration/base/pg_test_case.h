#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/pg.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay::pg {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One cluster for all tests of this program: each leaves it as it found it.
class PgTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = std::make_unique<test::PostgresCluster>(
        std::vector<std::string>{"max_prepared_transactions=5", "log_statement=all"});
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  static test::PostgresCluster& cluster() { return *cluster_; }
  static Connection connect() { return connect_to(cluster().url("postgres")); }
  static Connection connect_to(const std::string& url) {
    auto connection = Connection::open(Secret(url), seconds(30));
    if (!connection) throw std::runtime_error(connection.error().message);
    return std::move(*connection);
  }
  static std::string connect_error(const std::string& url, milliseconds deadline = seconds(30)) {
    const auto connection = Connection::open(Secret(url), deadline);
    return connection ? "no error" : connection.error().message;
  }
  static Limits limits(milliseconds statement_timeout = seconds(30),
                       milliseconds deadline = seconds(60)) {
    return {statement_timeout, seconds(1), std::chrono::steady_clock::now() + deadline};
  }
  // The first value, or the error.
  static std::string ask(Connection& connection, const std::string& sql,
                         const Limits& within = limits()) {
    const auto rows = connection.query(sql, within);
    if (!rows) return "error: " + rows.error().message;
    return rows->size() == 0 ? "no row" : std::string(rows->at(0, 0).value_or("NULL"));
  }

 private:
  static inline std::unique_ptr<test::PostgresCluster> cluster_;
};

}  // namespace backstay::pg

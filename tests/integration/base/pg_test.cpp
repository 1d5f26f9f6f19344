#include "base/pg.h"

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/http_client.h"
#include "base/pg_address.h"
#include "tests/integration/base/pg_test_case.h"

namespace backstay::pg {
namespace {

TEST_F(PgTest, RowsAreWhatTheServerSent) {
  Connection connection = connect();
  const auto rows = connection.query(
      "SELECT NULL::text AS nothing, ''::text AS empty, 'grün' AS word, 42::bigint AS whole, "
      "-0.25::numeric AS fraction, true AS yes, false AS no, 'NaN'::float8 AS nan, "
      "'Infinity'::float8 AS infinity, 1e100::float8 AS large, '5 apples' AS apples",
      limits());
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 1U);
  ASSERT_EQ(rows->columns(), 11U);
  EXPECT_EQ(rows->column_name(2), "word");
  EXPECT_EQ(rows->column("whole"), 3U);
  EXPECT_FALSE(rows->column("missing"));
  EXPECT_FALSE(rows->at(0, 0));
  EXPECT_FALSE(rows->number(0, 0));
  EXPECT_EQ(rows->at(0, 1), "");
  EXPECT_FALSE(rows->number(0, 1));
  EXPECT_EQ(rows->at(0, 2), "grün");
  EXPECT_FALSE(rows->number(0, 2));
  EXPECT_EQ(rows->number(0, 3), 42);
  EXPECT_EQ(rows->number(0, 4), -0.25);
  EXPECT_EQ(rows->number(0, 5), 1);
  EXPECT_EQ(rows->number(0, 6), 0);
  EXPECT_TRUE(std::isnan(*rows->number(0, 7)));
  EXPECT_TRUE(std::isinf(*rows->number(0, 8)));
  EXPECT_EQ(rows->number(0, 9), 1e100);
  EXPECT_FALSE(rows->number(0, 10));
}

TEST_F(PgTest, RowsOutliveTheirConnection) {
  auto connection = std::make_unique<Connection>(connect());
  const auto rows = connection->query("SELECT generate_series(1, 3) AS n", limits());
  connection.reset();
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->at(2, 0), "3");
}

TEST_F(PgTest, KnowsItsServer) {
  Connection connection = connect();
  EXPECT_EQ(std::to_string(connection.server_version()),
            ask(connection, "SELECT current_setting('server_version_num')"));
  EXPECT_EQ(ask(connection, "SELECT current_setting('application_name')"), "backstay");
  Connection renamed = connect_to(cluster().url("postgres") +
                                  "?application_name=other&fallback_application_name=another");
  EXPECT_EQ(ask(renamed, "SELECT current_setting('application_name')"), "backstay");
}

TEST_F(PgTest, NothingCanBeWritten) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, "CREATE TABLE written (n int)"),
            "error: ERROR:  cannot execute CREATE TABLE in a read-only transaction (25006)");
  EXPECT_FALSE(connection.broken());
  // One statement a query, or it could end the read-only transaction and go on as it likes.
  EXPECT_EQ(ask(connection, "COMMIT; CREATE TABLE written (n int)"),
            "error: ERROR:  cannot insert multiple commands into a prepared statement (42601)");
  EXPECT_EQ(ask(connection, "SELECT to_regclass('written')"), "NULL");
  EXPECT_EQ(ask(connection, "SELECT 1;"), "1");
}

TEST_F(PgTest, AnErrorOfTheStatementCarriesItsStateAndSparesTheConnection) {
  Connection connection = connect();
  const std::string error = ask(connection, "SELECT nosuch");
  EXPECT_EQ(error.rfind("error: ERROR:  column \"nosuch\" does not exist", 0), 0U) << error;
  EXPECT_TRUE(error.ends_with("(42703)")) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(ask(connection, "SELECT 1"), "1");
}

TEST_F(PgTest, TheServerEndsAStatementAtItsTimeout) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, "SELECT pg_sleep(600)", limits(milliseconds(100))),
            "error: ERROR:  canceling statement due to statement timeout (57014)");
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(ask(connection, "SELECT 1"), "1");
}

TEST_F(PgTest, ALockIsNotWaitedForLongerThanItsTimeout) {
  cluster().execute("CREATE TABLE locked (n int)");
  // A prepared transaction holds its locks without a session.
  cluster().execute(
      "BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION 'holder'");
  Connection connection = connect();
  Limits within = limits();
  within.lock_timeout = milliseconds(50);
  const std::string error = ask(connection, "SELECT n FROM locked", within);
  EXPECT_EQ(error.rfind("error: ERROR:  canceling statement due to lock timeout", 0), 0U) << error;
  EXPECT_TRUE(error.ends_with("(55P03)")) << error;
  cluster().execute("ROLLBACK PREPARED 'holder'");
  EXPECT_EQ(ask(connection, "SELECT n FROM locked", within), "no row");
  cluster().execute("DROP TABLE locked");
}

TEST_F(PgTest, LimitsHoldForTheirOwnQueryOnly) {
  Connection connection = connect();
  const std::string show =
      "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')";
  EXPECT_EQ(ask(connection, show, {milliseconds(4321), milliseconds(1111), limits().deadline}),
            "4321ms 1111ms");
  EXPECT_EQ(ask(connection, show, {milliseconds(1234), milliseconds(777), limits().deadline}),
            "1234ms 777ms");
  // To the server 0 means no limit.
  EXPECT_EQ(ask(connection, show, {milliseconds(0), milliseconds(-5), limits().deadline}),
            "1ms 1ms");
}

// A pooler in transaction mode would hand what one sets for the session to the application.
TEST_F(PgTest, NothingIsSetForTheSession) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, "SELECT 1"), "1");
  const std::string log = "pg_read_file(current_setting('data_directory') || '/../log')";
  EXPECT_NE(
      ask(connection, "SELECT count(*) FROM regexp_matches(" + log + ", 'set_confi[g]', 'g')"),
      "0");
  EXPECT_EQ(
      ask(connection, "SELECT count(*) FROM regexp_matches(" + log + ", 'SE[T] (?!LOCAL)', 'g')"),
      "0");
}

TEST_F(PgTest, TheDeadlineEndsAQueryThatTheServerWouldGoOnWith) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, "SELECT pg_sleep(600)", limits(seconds(600), milliseconds(200))),
            "error: no answer within the deadline");
  EXPECT_TRUE(connection.broken());
  EXPECT_EQ(ask(connection, "SELECT 1"), "error: the connection is broken");
}

TEST_F(PgTest, AFrozenServerCostsNoMoreThanTheDeadline) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, "SELECT 1"), "1");
  cluster().freeze();
  const std::string answer = ask(connection, "SELECT 1", limits(seconds(5), milliseconds(200)));
  const std::string opening = connect_error(cluster().url("postgres"), milliseconds(300));
  const std::string for_ever =
      connect_error(cluster().url("postgres") + "?connect_timeout=0", milliseconds(300));
  cluster().thaw();
  EXPECT_EQ(answer, "error: no answer within the deadline");
  EXPECT_TRUE(connection.broken());
  EXPECT_NE(opening.find("no answer within the deadline"), std::string::npos) << opening;
  EXPECT_NE(for_ever.find("no answer within the deadline"), std::string::npos) << for_ever;
  Connection again = connect();
  EXPECT_EQ(ask(again, "SELECT 1"), "1");
}

// libpq by itself would wait for the first for as long as it may wait at all.
TEST_F(PgTest, AHostThatDoesNotAnswerLeavesTimeForTheNext) {
  const test::PostgresCluster other;
  const std::string ports = std::to_string(cluster().port()) + "," + std::to_string(other.port());
  cluster().freeze();
  auto opened = Connection::open(
      Secret("postgresql://postgres@/postgres?host=127.0.0.1,127.0.0.1&port=" + ports),
      seconds(10));
  cluster().thaw();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(ask(*opened, "SELECT current_setting('port')"), std::to_string(other.port()));
}

TEST_F(PgTest, TheTimeToConnectInTheAddressHolds) {
  cluster().freeze();
  const auto begun = std::chrono::steady_clock::now();
  auto opened =
      Connection::open(Secret(cluster().url("postgres") + "?connect_timeout=1"), seconds(60));
  const auto took = std::chrono::steady_clock::now() - begun;
  cluster().thaw();
  EXPECT_FALSE(opened);
  EXPECT_LT(took, seconds(30));
}

TEST_F(PgTest, AKilledBackendBreaksTheConnection) {
  const std::string why = "FATAL:  terminating connection due to administrator command";
  Connection during = connect();
  const std::string first =
      ask(during, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(600)");
  EXPECT_NE(first.find(why), std::string::npos) << first;
  EXPECT_TRUE(during.broken());
  Connection between = connect();
  cluster().execute(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
      "WHERE application_name = 'backstay'");
  const std::string second = ask(between, "SELECT 1");
  EXPECT_NE(second.find(why), std::string::npos) << second;
  EXPECT_TRUE(between.broken());
  Connection again = connect();
  EXPECT_EQ(ask(again, "SELECT 1"), "1");
}

TEST_F(PgTest, WhatIsNoQueryDoesNotHang) {
  Connection connection = connect();
  EXPECT_EQ(ask(connection, ""), "no row");
  EXPECT_EQ(ask(connection, "-- nothing"), "no row");
  EXPECT_EQ(ask(connection, "COPY (SELECT 1) TO STDOUT"), "error: COPY is no query");
  EXPECT_TRUE(connection.broken());
}

TEST_F(PgTest, LargeStatementsAndAnswersAreWhole) {
  Connection connection = connect();
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(ask(connection, "SELECT length('" + large + "')"), "5000000");
  EXPECT_TRUE(ask(connection, "SELECT repeat('x', 5000000)") == large);
}

TEST_F(PgTest, TextIsUtf8WhateverTheDatabaseKeeps) {
  cluster().execute("CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  {
    Connection connection = connect_to(cluster().url("latin1"));
    EXPECT_EQ(ask(connection, "SELECT 'gr' || chr(252) || 'n'"), "grün");
  }
  cluster().execute("DROP DATABASE latin1 WITH (FORCE)");
}

TEST_F(PgTest, ANoticeOfTheServerIsNotPrinted) {
  cluster().execute(
      "CREATE FUNCTION chatty() RETURNS int LANGUAGE plpgsql AS "
      "$$BEGIN RAISE WARNING 'listen'; RETURN 1; END$$");
  Connection connection = connect();
  testing::internal::CaptureStderr();
  EXPECT_EQ(ask(connection, "SELECT chatty()"), "1");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  cluster().execute("DROP FUNCTION chatty()");
}

TEST_F(PgTest, ManyConnectionsAtOnce) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([]() {
      Connection connection = connect();
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(ask(connection, "SELECT " + std::to_string(i)), std::to_string(i));
      }
      const auto late =
          ask(connection, "SELECT pg_sleep(600)", limits(seconds(600), milliseconds(50)));
      EXPECT_EQ(late, "error: no answer within the deadline");
    });
  }
}

TEST_F(PgTest, AnErrorOfConnectingSaysWhyAndNeverThePassword) {
  const std::string at = "127.0.0.1:" + std::to_string(cluster().port());
  const std::vector<std::pair<std::string, std::string>> cases{
      {"postgresql://postgres:t0ps3cret@127.0.0.1:1/postgres", "Connection refused"},
      {"postgresql://postgres:t0ps3cret@" + at + "/nosuch", "database \"nosuch\" does not exist"},
      {"postgresql://nobody:t0ps3cret@" + at + "/postgres", "role \"nobody\" does not exist"},
      {"host=127.0.0.1 sslmode=t0ps3cret password=t0ps3cret", "invalid sslmode value"},
      // Not encoded as an address wants it; libpq would quote what it takes for the host or port.
      {"postgresql://postgres:a@t0ps3cret@" + at + "/postgres", "%40"},
      {"postgresql://postgres:t0ps3cret/a@" + at + "/postgres", "%2F"},
      {"postgresql://postgres:t0ps3cret%zz@" + at + "/postgres", "is not a PostgreSQL URI"},
      {"host=127.0.0.1 password=it is t0ps3cret", "is not a PostgreSQL URI"},
      {"t0ps3cret", "is not a PostgreSQL URI"},
  };
  for (const auto& [url, why] : cases) {
    const std::string error = connect_error(url);
    EXPECT_NE(error.find(why), std::string::npos) << error;
    EXPECT_EQ(error.find("t0ps3cret"), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    const auto variables = environment(Secret(url));
    const std::string said = variables ? "" : variables.error().message;
    EXPECT_EQ(said.find("t0ps3cret"), std::string::npos) << said;
  }
}

TEST_F(PgTest, AMaskedPasswordMayLookLikeItsMask) {
  const std::string error = connect_error("host=127.0.0.1 port=1 sslmode=… password=…");
  EXPECT_NE(error.find("invalid sslmode value"), std::string::npos) << error;
}

// Asks for passwords of the role odd only, so that the cluster's own user still gets in.
class PgPasswordTest : public PgTest {
 protected:
  static void SetUpTestSuite() {
    PgTest::SetUpTestSuite();
    cluster().execute(
        "DO $$BEGIN EXECUTE format('COPY (SELECT unnest(ARRAY["
        "''host all odd all scram-sha-256'', ''host all all all trust''])) TO %L', "
        "current_setting('hba_file')); END$$");
    cluster().stop();
    cluster().start();
    cluster().execute("CREATE ROLE odd LOGIN");
  }
  static void set_password(const std::string& password) {
    cluster().execute("ALTER ROLE odd PASSWORD $odd$" + password + "$odd$");
  }
  static std::string uri(const std::string& password) {
    return "postgresql://odd:" + percent_encode(password) +
           "@127.0.0.1:" + std::to_string(cluster().port()) + "/postgres";
  }
};

TEST_F(PgPasswordTest, ItsCharactersDoNotMatter) {
  for (const std::string& password :
       {std::string("plain"), std::string("a'b\"c@d/e%f g\\h#i?j:k&l=m"), std::string(" lead"),
        std::string("\\"), std::string("'"), std::string("grün %40 $HOME `id`;")}) {
    set_password(password);
    Connection by_uri = connect_to(uri(password));
    EXPECT_EQ(ask(by_uri, "SELECT current_user"), "odd") << password;
    std::string quoted;
    for (const char c : password)
      quoted += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    Connection by_keywords = connect_to("host=127.0.0.1 port=" + std::to_string(cluster().port()) +
                                        " user=odd dbname=postgres password='" + quoted + "'");
    EXPECT_EQ(ask(by_keywords, "SELECT current_user"), "odd") << password;
  }
}

TEST_F(PgPasswordTest, AWrongOneIsNotShown) {
  set_password("right");
  const std::string error = connect_error(uri("t0ps3cret"));
  EXPECT_NE(error.find("password authentication failed for user \"odd\""), std::string::npos)
      << error;
  EXPECT_EQ(error.find("t0ps3cret"), std::string::npos) << error;
  const std::string none =
      connect_error("postgresql://odd@127.0.0.1:" + std::to_string(cluster().port()) + "/postgres");
  EXPECT_NE(none.find("no password supplied"), std::string::npos) << none;
}

TEST_F(PgPasswordTest, TheToolsOfPostgresqlTakeItFromTheirEnvironment) {
  const std::string password = "a'b\"c@d/e%f g\\h";
  set_password(password);
  auto variables = environment(Secret(uri(password)));
  ASSERT_TRUE(variables) << variables.error().message;
  Command command;
  command.argv = {test::PostgresCluster::bin_dir() + "/psql",
                  "--no-psqlrc",
                  "--no-password",
                  "--tuples-only",
                  "--no-align",
                  "--command=SELECT current_user"};
  command.secret_environment = *variables;
  const CommandResult result = SystemProcessRunner().run(command);
  EXPECT_EQ(result.out, "odd\n") << result.describe();
}

}  // namespace
}  // namespace backstay::pg

#include "exporter/app.h"

#include <atomic>
#include <fstream>
#include <regex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/exporter/running_exporter.h"
#include "tests/integration/postgres_cluster.h"

namespace backstay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RunningExporter;
using test::Scrape;

std::string source_file(const std::string& path) {
  std::ifstream file(BACKSTAY_SOURCE_DIR "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A database `app` with the sample service's tables, and a role that may no more than an exporter
// should: watch, and read those tables, over no more connections than the pool may have.
struct ExporterAppTest : ::testing::Test {
  static void SetUpTestSuite() {
    cluster = std::make_unique<test::PostgresCluster>();
    cluster->execute("CREATE ROLE watcher LOGIN IN ROLE pg_monitor CONNECTION LIMIT 3");
    cluster->execute("CREATE DATABASE app");
    cluster->execute(source_file("examples/invitations/schema.sql"), "app");
    cluster->execute(source_file("examples/invitations/seed.sql"), "app");
    cluster->execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher", "app");
    cluster->execute("CREATE TABLE secrets (n int)", "app");
  }
  static void TearDownTestSuite() { cluster.reset(); }

  static std::string database() {
    return "database:\n  url: \"postgresql://watcher@127.0.0.1:" + std::to_string(cluster->port()) +
           "/app\"\n";
  }
  static std::string everything() {
    return database() + "collectors: [pg, invitations.yml, business.yml]\n" + requests();
  }
  // Events are counted beside the scrapes: a scrape that has all of them.
  static Scrape scrape_with_events(const RunningExporter& exporter) {
    Scrape scrape;
    EXPECT_TRUE(test::becomes_true([&]() {
      scrape = exporter.scrape();
      return scrape.sum("backstay_scrape_collector_success") ==
             scrape.count("backstay_collector_errors_total");
    }));
    return scrape;
  }
  static std::string requests() { return "requests: {sources: [{path: access.log}]}\n"; }
  static std::string catalog(const std::map<std::string, std::string>& queries) {
    std::string text = "queries:\n";
    for (const auto& [name, sql] : queries) {
      text += "  - {name: " + name + ", help: h, sql: \"" + sql + "\"}\n";
    }
    return text;
  }
  static std::string request_line() {
    return "10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] \"GET /users/7 HTTP/1.1\" 200 5 \"-\" \"-\" "
           "0.020\n";
  }
  static constexpr const char* kRequests =
      "http_server_requests_total{http_request_method=\"GET\",http_response_status_code=\"200\","
      "http_route=\"/users/:id\"}";

  static inline std::unique_ptr<test::PostgresCluster> cluster;
};

TEST_F(ExporterAppTest, ADatabaseThatIsUp) {
  const RunningExporter exporter(everything());
  const Scrape scrape = exporter.scrape();
  EXPECT_EQ(scrape.status, 200);
  EXPECT_EQ(scrape.value("pg_up"), 1);
  EXPECT_EQ(scrape.failed(), "");
  EXPECT_EQ(scrape.success("stat_database"), 1);
  EXPECT_EQ(scrape.success("invitations_pending"), 1);
  const double connections = scrape.value("backstay_database_connections").value_or(0);
  EXPECT_TRUE(connections >= 1 && connections <= 3) << connections;
}

TEST_F(ExporterAppTest, TheDatabasesMetricsAreThoseOfPostgresExporter) {
  const RunningExporter exporter(database());
  const Scrape scrape = exporter.scrape();
  for (const char* column : {"numbackends",
                             "xact_commit",
                             "xact_rollback",
                             "blks_read",
                             "blks_hit",
                             "tup_returned",
                             "tup_fetched",
                             "tup_inserted",
                             "tup_updated",
                             "tup_deleted",
                             "conflicts",
                             "temp_files",
                             "temp_bytes",
                             "deadlocks",
                             "blk_read_time",
                             "blk_write_time",
                             "session_time",
                             "active_time",
                             "idle_in_transaction_time",
                             "sessions",
                             "sessions_abandoned",
                             "sessions_fatal",
                             "sessions_killed"}) {
    const std::regex series("\npg_stat_database_" + std::string(column) +
                            R"re(\{datid="\d+",datname="app"\} \d)re");
    EXPECT_TRUE(std::regex_search(scrape.text, series)) << column;
  }
  for (const char* state :
       {"active", "idle", "idle in transaction", "idle in transaction (aborted)",
        "fastpath function call", "disabled"}) {
    for (const char* family : {"pg_stat_activity_count", "pg_stat_activity_max_tx_duration"}) {
      const std::string series = std::string(family) + "{datname=\"app\",state=\"" + state + "\"}";
      EXPECT_TRUE(scrape.value(series)) << series;
    }
  }
  for (const char* type : {"database_xact_commit counter", "activity_count gauge"}) {
    const std::string line = "# TYPE pg_stat_" + std::string(type) + "\n";
    EXPECT_NE(scrape.text.find(line), std::string::npos) << line;
  }
}

TEST_F(ExporterAppTest, TheShippedCatalogCountsTheSampleService) {
  const RunningExporter exporter(everything());
  const Scrape scrape = scrape_with_events(exporter);
  EXPECT_EQ(scrape.value("users"), 2000);
  EXPECT_EQ(scrape.value("sign_ups_total"), 2000);
  EXPECT_EQ(scrape.sum("invitations"), 5000);
  EXPECT_EQ(scrape.value("invitations_created_total"), 5000);
  EXPECT_EQ(scrape.value("invitations_pending"), scrape.value("invitations{status=\"pending\"}"));
  EXPECT_EQ(scrape.sum("invitations_answered_total"),
            *scrape.value("invitations{status=\"accepted\"}") +
                *scrape.value("invitations{status=\"rejected\"}"));
  EXPECT_GT(scrape.value("invitations_oldest_pending_seconds").value_or(0), 0);
  EXPECT_EQ(scrape.sum("emails_sent_total") + *scrape.value("emails_unanswered"), 5000);
  EXPECT_EQ(scrape.value("api_calls_total{customer=\"acme\"}").value_or(0) +
                scrape.value("api_calls_total{customer=\"globex\"}").value_or(0) +
                scrape.value("api_calls_total{customer=\"initech\"}").value_or(0) +
                scrape.value("api_calls_total{customer=\"example.com\"}").value_or(0),
            4000);
  EXPECT_EQ(scrape.sum("invitation_answer_seconds_count"),
            scrape.sum("invitations_answered_total"));
  EXPECT_EQ(scrape.sum("payments_total"), 3000);
  EXPECT_GT(scrape.value("payments_amount_total{currency=\"EUR\"}").value_or(0), 0);
  EXPECT_GT(scrape.value("subscriptions{tier=\"pro\"}").value_or(0), 0);
  EXPECT_EQ(scrape.sum("feature_uses_total"), 6000);
}

TEST_F(ExporterAppTest, TotalsOfEventsLiveInTheStateDir) {
  cluster->execute(
      "CREATE TABLE clicks (at timestamptz DEFAULT now());"
      "INSERT INTO clicks SELECT now() FROM generate_series(1, 9);"
      "GRANT SELECT ON clicks TO watcher",
      "app");
  const test::TemporaryFolder state;
  const auto yaml = database() + "collectors: [clicks.yml]\nstate_dir: " + state.path() + "\n";
  const std::map<std::string, std::string> files{{"clicks.yml",
                                                  "queries: [{name: clicks_total, help: h, type: "
                                                  "counter, events: {table: clicks, time: at}}]"}};
  {
    const RunningExporter exporter(yaml, files);
    EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().value("clicks_total") == 9; }));
    EXPECT_EQ(exporter.scrape().value("backstay_events_tail_rows{collector=\"clicks_total\"}"), 9);
    try {
      const RunningExporter second(yaml, files);
      FAIL() << "a second one on the same state_dir";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(),
                state.path("lock") + " is held: another process works on this state_dir");
    }
  }
  cluster->execute("TRUNCATE clicks; INSERT INTO clicks DEFAULT VALUES", "app");
  const RunningExporter again(yaml, files);
  EXPECT_TRUE(test::becomes_true([&]() { return again.scrape().value("clicks_total") == 10; }));
}

TEST_F(ExporterAppTest, FollowsTheAccessLog) {
  const RunningExporter exporter(requests(), {{"access.log", request_line()}});
  EXPECT_EQ(exporter.scrape().value(kRequests), std::nullopt);  // from before the start
  exporter.append("access.log", request_line() + request_line());
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().value(kRequests) == 2; }));
  const Scrape scrape = exporter.scrape();
  EXPECT_EQ(
      scrape.value("backstay_log_lines_total{source=\"" + exporter.path("access.log") + "\"}"), 2);
  EXPECT_EQ(scrape.value("pg_up"), std::nullopt);  // there is no database
}

TEST_F(ExporterAppTest, TellsAboutItself) {
  const RunningExporter exporter(requests());
  const Scrape scrape = exporter.scrape();
  EXPECT_EQ(scrape.sum("backstay_build_info"), 1);
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_open_fds", "process_start_time_seconds"}) {
    EXPECT_GT(scrape.value(name).value_or(0), 0) << name;
  }
  EXPECT_EQ(scrape.value("backstay_exposition_dropped_series_total"), 0);
  EXPECT_EQ(scrape.value("backstay_log_readable{source=\"" + exporter.path("access.log") + "\"}"),
            0);
}

TEST_F(ExporterAppTest, ADatabaseThatStopsCostsOnlyWhatIsReadFromIt) {
  const RunningExporter exporter(everything(), {{"access.log", ""}});
  exporter.append("access.log", request_line());
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().value(kRequests) == 1; }));
  cluster->stop();
  const Scrape down = exporter.scrape();
  cluster->start();
  EXPECT_EQ(down.status, 200);
  EXPECT_EQ(down.value("pg_up"), 0);
  EXPECT_EQ(down.success("stat_database"), 0);
  EXPECT_EQ(down.success("users"), 0);
  EXPECT_EQ(down.value("users"), std::nullopt);
  EXPECT_LT(down.value("backstay_database_connections"), 3);
  EXPECT_EQ(down.value(kRequests), 1);
  EXPECT_GT(down.value("process_start_time_seconds").value_or(0), 0);
  const Scrape up = exporter.scrape();
  EXPECT_EQ(up.value("pg_up"), 1);
  EXPECT_EQ(up.success("stat_database"), 1);
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().failed().empty(); }));
}

TEST_F(ExporterAppTest, AFrozenDatabaseIsToldInsideTheDeadline) {
  const RunningExporter exporter(everything(), {{"access.log", ""}});
  exporter.append("access.log", request_line());
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().value(kRequests) == 1; }));
  cluster->freeze();
  // The first on open connections, the others while new ones hang.
  for (int round = 0; round < 3; ++round) {
    const auto answer = exporter.ask("/metrics", "GET", milliseconds(1500));
    EXPECT_TRUE(answer) << answer.error().message;
    if (!answer) break;
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("\npg_up 0\n"), std::string::npos);
    EXPECT_NE(answer->body.find(std::string(kRequests) + " 1\n"), std::string::npos);
  }
  EXPECT_EQ(exporter.status("/health"), 200);
  cluster->thaw();
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().failed().empty(); }));
}

TEST_F(ExporterAppTest, StartsWithTheDatabaseDownAndFindsItAtOnce) {
  cluster->stop();
  const RunningExporter exporter(everything());
  const Scrape down = exporter.scrape();
  cluster->start();
  const Scrape up = exporter.scrape();
  EXPECT_EQ(down.value("pg_up"), 0);
  EXPECT_EQ(up.value("pg_up"), 1);
  EXPECT_EQ(up.success("users"), 1);
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().failed().empty(); }));
}

TEST_F(ExporterAppTest, ASlowQueryFailsAlone) {
  const RunningExporter exporter(
      database() + "collectors: [pg, slow.yml]\n",
      {{"slow.yml",
        catalog({{"slow", "SELECT 1 AS value, pg_sleep(3600)"}, {"quick", "SELECT 5 AS value"}})}});
  const Scrape scrape = exporter.scrape(seconds(4));
  EXPECT_EQ(scrape.failed(), "slow");
  EXPECT_EQ(scrape.value("quick"), 5);
  EXPECT_EQ(scrape.value("pg_up"), 1);
}

TEST_F(ExporterAppTest, WhatIsForbiddenOrWrongFailsAlone) {
  const RunningExporter exporter(
      database() + "collectors: [pg, mine.yml]\n",
      {{"mine.yml", catalog({{"forbidden", "SELECT count(*) AS value FROM secrets"},
                             {"wrong", "SELECT 1 AS value FROM nowhere"},
                             {"many", "SELECT n AS value FROM generate_series(1, 200001) n"},
                             {"right", "SELECT count(*) AS value FROM users"}})}});
  const Scrape scrape = exporter.scrape();
  EXPECT_EQ(scrape.failed(), "forbidden many wrong");
  EXPECT_EQ(scrape.value("right"), 2000);
  EXPECT_EQ(scrape.value("pg_up"), 1);
}

TEST_F(ExporterAppTest, AQueryThatTakesAnothersNameCostsOnlyItself) {
  const RunningExporter exporter(
      database() + "collectors: [pg, mine.yml]\n" + requests(),
      {{"mine.yml", catalog({{"pg_up", "SELECT 7 AS value"},
                             {"http_server_requests_total", "SELECT 8 AS value"},
                             {"process_open_fds", "SELECT 9 AS value"}})},
       {"access.log", ""}});
  exporter.append("access.log", request_line());
  EXPECT_TRUE(test::becomes_true([&]() { return exporter.scrape().value(kRequests) == 1; }));
  const Scrape scrape = exporter.scrape();
  EXPECT_EQ(scrape.value("pg_up"), 1);
  EXPECT_EQ(scrape.value("http_server_requests_total"), std::nullopt);
  EXPECT_NE(scrape.value("process_open_fds"), 9);
  EXPECT_GE(scrape.value("backstay_exposition_dropped_series_total").value_or(0), 3);
}

TEST_F(ExporterAppTest, KilledConnectionsAreNotSeen) {
  const RunningExporter exporter(everything());
  EXPECT_EQ(exporter.scrape().failed(), "");
  cluster->execute(
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
      "WHERE usename = 'watcher'");
  EXPECT_EQ(exporter.scrape().failed(), "");
}

// The role's own limit would fail a collector that came over one connection too many.
TEST_F(ExporterAppTest, NeverHasMoreConnectionsThanItMay) {
  const RunningExporter exporter(
      database() + "collectors: [pg, slow.yml, invitations.yml]\n",
      {{"slow.yml", catalog({{"slow", "SELECT 1 AS value, pg_sleep(3600)"}})}});
  auto watch = pg::Connection::open(Secret(cluster->url("postgres")), seconds(30));
  ASSERT_TRUE(watch) << watch.error().message;
  std::atomic<int> scraping = 8;
  std::vector<std::jthread> scrapers;
  for (int i = 0; i < 8; ++i) {
    scrapers.emplace_back([&]() {
      for (int round = 0; round < 3; ++round) {
        static_cast<void>(exporter.ask("/metrics", "GET", milliseconds(1500)));
      }
      --scraping;
    });
  }
  double most = 0;
  while (scraping > 0) {
    const auto rows =
        watch->query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'",
                     {seconds(5), seconds(5), std::chrono::steady_clock::now() + seconds(20)});
    ASSERT_TRUE(rows) << rows.error().message;
    most = std::max(most, rows->number(0, 0).value_or(99));
  }
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 3);
  EXPECT_EQ(exporter.scrape(seconds(4)).failed(), "slow");
}

TEST_F(ExporterAppTest, EndsWhileCollectorsAreStuck) {
  auto exporter = std::make_unique<RunningExporter>(everything());
  EXPECT_EQ(exporter->scrape().failed(), "");
  cluster->freeze();
  static_cast<void>(exporter->ask("/metrics", "GET", milliseconds(700)));
  exporter.reset();
  cluster->thaw();
}

TEST_F(ExporterAppTest, HealthFollowsACriticalDatabase) {
  const std::string health = "health: {components: [{name: db, kind: postgres, critical: true}]}\n";
  const RunningExporter up(database() + health);
  EXPECT_TRUE(test::becomes_true([&]() { return up.status("/health/ready") == 200; }));
  EXPECT_EQ(up.status("/health/detailed"), 200);
  EXPECT_EQ(up.scrape().sum("backstay_health_component_up"), 1);

  const RunningExporter down("database: {url: \"postgresql://a@127.0.0.1:1/b\"}\n" + health);
  EXPECT_TRUE(test::becomes_true([&]() {
    const auto answer = down.ask("/health/detailed");
    return answer && answer->body.find("\"status\":\"down\"") != std::string::npos;
  }));
  EXPECT_EQ(down.status("/health/ready"), 503);
  EXPECT_EQ(down.status("/health/detailed"), 503);
  EXPECT_EQ(down.status("/health"), 200);
  EXPECT_EQ(down.status("/health/live"), 200);
  EXPECT_EQ(down.status("/-/healthy"), 200);
  const Scrape scrape = down.scrape();
  EXPECT_EQ(scrape.value("backstay_health_component_up{component=\"db\",critical=\"true\","
                         "kind=\"postgres\"}"),
            0);
}

TEST_F(ExporterAppTest, AnswersHttpAsItShould) {
  const RunningExporter exporter("");
  EXPECT_EQ(exporter.status("/metrics"), 200);
  EXPECT_EQ(exporter.status("/metrics?x=1"), 200);
  EXPECT_EQ(exporter.status("/metrics", "HEAD"), 200);
  EXPECT_EQ(exporter.status("/"), 200);
  EXPECT_EQ(exporter.status("/nowhere"), 404);
  EXPECT_EQ(exporter.status("/metrics", "DELETE"), 405);
}

TEST_F(ExporterAppTest, SaysWhyItDoesNotStart) {
  const RunningExporter exporter("");
  const auto refusal = [](const std::string& address, const std::string& path) {
    const auto app = ExporterApp::start(ExporterConfig(), {{address}, path, 40, nullptr});
    return app ? std::string("started") : app.error().message;
  };
  const std::string in_use = refusal(exporter.address(), "/metrics");
  EXPECT_NE(in_use.find(exporter.address()), std::string::npos) << in_use;
  EXPECT_NE(in_use.find("Address already in use"), std::string::npos) << in_use;
  EXPECT_NE(refusal("[::1]:0", "/metrics").find("no IPv6"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:0", "metrics").find("does not begin with /"), std::string::npos);
}

}  // namespace
}  // namespace backstay

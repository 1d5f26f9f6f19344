#include "exporter/config.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backstay {
namespace {

struct ExporterConfigTest : ::testing::Test {
  ExporterConfigTest() { ::unsetenv("DATA_SOURCE_NAME"); }
  ~ExporterConfigTest() override { ::unsetenv("DATA_SOURCE_NAME"); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path(name)) << text;
  }
  Result<ExporterConfig> load(const std::string& text) const {
    write("exporter.yml", text);
    return load_exporter_config(folder.path("exporter.yml"));
  }
  std::string fault_of(const std::string& text) const {
    const auto config = load(text);
    return config ? "accepted" : config.error().message;
  }
  // A message with its place, as a person gets it.
  std::string at(int line, const std::string& message) const {
    return folder.path("exporter.yml") + ":" + std::to_string(line) + ": " + message;
  }
  test::TemporaryFolder folder;
};

TEST_F(ExporterConfigTest, ReadsEveryKey) {
  write("db_url", "postgresql://watcher@127.0.0.1/app\n");
  write("mine.yml", "queries:\n  - {name: a, help: h, sql: SELECT 1 AS value}\n");
  const auto config = load(R"(database:
  url_file: db_url
  max_connections: 5
  statement_timeout: 750ms
  lock_timeout: 20ms
collectors: [pg, mine.yml, invitations.yml]
requests:
  sources:
    - {path: logs/access.log, format: combined}
    - {path: /var/log/nginx/other.log}
  routes: [/api/users/:id]
  max_series: 50
health:
  components:
    - {name: database, kind: postgres, critical: true}
    - {name: api, kind: http, url: "https://app.example.com/health"}
)");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->database);
  EXPECT_EQ(config->database->url.read()->reveal(), "postgresql://watcher@127.0.0.1/app");
  EXPECT_EQ(config->database->max_connections, 5);
  EXPECT_EQ(config->database->statement_timeout, std::chrono::milliseconds(750));
  EXPECT_EQ(config->database->lock_timeout, std::chrono::milliseconds(20));
  EXPECT_TRUE(config->with_pg);
  ASSERT_GT(config->queries.size(), 1U);  // the shipped invitations.yml is found by its name
  EXPECT_EQ(config->queries.front().name, "a");
  ASSERT_EQ(config->requests.files.size(), 2U);
  EXPECT_EQ(config->requests.files[0].path, folder.path("logs/access.log"));
  EXPECT_EQ(config->requests.files[1].path, "/var/log/nginx/other.log");
  std::string route;
  EXPECT_TRUE(config->requests.options->routes.fold("/api/users/ada", route));
  EXPECT_EQ(route, "/api/users/:id");
  EXPECT_EQ(config->requests.options->series_max, 50U);
  ASSERT_EQ(config->components.size(), 2U);
  EXPECT_TRUE(config->components[0].critical);
  EXPECT_FALSE(config->components[1].critical);
  EXPECT_EQ(config->components[1].url, "https://app.example.com/health");
}

TEST_F(ExporterConfigTest, AnEmptyFileIsAConfiguration) {
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->database);
  EXPECT_FALSE(config->with_pg);
  EXPECT_EQ(config->requests.options->series_max, 2000U);
}

TEST_F(ExporterConfigTest, DataSourceNameAloneIsEnough) {
  ::setenv("DATA_SOURCE_NAME", "postgresql://watcher@127.0.0.1/app", 1);
  const auto config = load_exporter_config("");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->database);
  EXPECT_EQ(config->database->url.read()->reveal(), "postgresql://watcher@127.0.0.1/app");
  EXPECT_EQ(config->database->max_connections, 3);
  EXPECT_TRUE(config->with_pg);
}

TEST_F(ExporterConfigTest, TheFilesAddressGoesBeforeDataSourceName) {
  ::setenv("DATA_SOURCE_NAME", "postgresql://other", 1);
  const auto config = load("database: {url: \"postgresql://mine\"}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->database->url.read()->reveal(), "postgresql://mine");
}

TEST_F(ExporterConfigTest, WithoutFileAndDataSourceNameThereIsNothingToWatch) {
  for (const char* value : {"", "unset"}) {
    if (*value == '\0') ::setenv("DATA_SOURCE_NAME", "", 1);
    const auto config = load_exporter_config("");
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().message.find("DATA_SOURCE_NAME"), std::string::npos);
    EXPECT_NE(config.error().message.find("--config.file"), std::string::npos);
    ::unsetenv("DATA_SOURCE_NAME");
  }
}

TEST_F(ExporterConfigTest, UnknownKeysAreToldWithPlaceAndPath) {
  EXPECT_EQ(fault_of("requests:\n  sources:\n    - {path: a.log, fromat: combined}\nheatlh: {}\n"),
            at(3, "requests.sources[0].fromat: unknown key (did you mean format?)") + "\n" +
                at(4, "heatlh: unknown key (did you mean health?)"));
}

TEST_F(ExporterConfigTest, UnknownFormat) {
  EXPECT_EQ(fault_of("requests:\n  sources:\n    - path: a.log\n      format: iis\n"),
            at(4,
               "requests.sources[0].format: \"iis\" is none of: combined, json, haproxy, caddy, "
               "traefik, cloudflare, netlify"));
}

TEST_F(ExporterConfigTest, ASourceWithoutPath) {
  EXPECT_EQ(fault_of("requests:\n  sources:\n    - {format: combined}\n"),
            at(3, "requests.sources[0]: path or drain is missing"));
}

TEST_F(ExporterConfigTest, AMissingSecretFileIsNamed) {
  EXPECT_EQ(fault_of("database:\n  url_file: nowhere\n"),
            at(2, "database.url_file: " + folder.path("nowhere") + ": No such file or directory"));
}

TEST_F(ExporterConfigTest, AnUnsetVariableIsNamedAtItsOwnKey) {
  EXPECT_EQ(fault_of("database:\n  url_env: BACKSTAY_TEST_UNSET\n"),
            at(2, "database.url_env: environment variable BACKSTAY_TEST_UNSET is not set"));
}

TEST_F(ExporterConfigTest, NumbersOutOfRange) {
  EXPECT_NE(fault_of("database: {url: x, max_connections: 0}\n")
                .find("database.max_connections: expected a whole number from 1 to 32"),
            std::string::npos);
  EXPECT_NE(fault_of("database: {url: x, statement_timeout: 5}\n")
                .find("database.statement_timeout: \"5\" is not a duration"),
            std::string::npos);
}

TEST_F(ExporterConfigTest, WhatNeedsADatabaseSaysSo) {
  EXPECT_EQ(fault_of("collectors: [pg]\n"),
            at(1, "collectors: there is no database to ask: database.url_file is missing"));
  EXPECT_EQ(fault_of("database:\n  max_connections: 2\n"),
            at(2, "database: url_file, url_env or url is missing"));
  EXPECT_NE(fault_of("health:\n  components:\n    - {name: db, kind: postgres}\n")
                .find("health.components[0].kind: there is no database to ask"),
            std::string::npos);
}

TEST_F(ExporterConfigTest, FaultsOfACatalogHaveTheirOwnPlace) {
  write("mine.yml", "queries:\n  - name: a\n    help: h\n    sgl: SELECT 1 AS value\n");
  const std::string fault = fault_of("database: {url: x}\ncollectors: [pg, mine.yml]\n");
  EXPECT_EQ(fault.find(at(2, "collectors: mine.yml:")), 0U) << fault;
  const std::string place = folder.path("mine.yml");
  EXPECT_NE(fault.find(place + ":2: queries[0].sql: is missing"), std::string::npos) << fault;
  EXPECT_NE(fault.find(place + ":4: queries[0].sgl: unknown key"), std::string::npos) << fault;
}

TEST_F(ExporterConfigTest, TwoEventCollectorsCannotKeepOneState) {
  write("mine.yml",
        "queries:\n  - {name: a, help: h, type: counter, events: {table: t, time: at}}\n");
  EXPECT_EQ(fault_of("database: {url: \"postgresql://a@b/c\"}\ncollectors: [mine.yml, mine.yml]\n"),
            at(2, "collectors: a is counted twice"));
}

TEST_F(ExporterConfigTest, TheStateDirIsBesideTheFile) {
  const auto config = load("state_dir: state\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->state_dir, folder.path("state"));
}

TEST_F(ExporterConfigTest, AMissingCatalogIsNamed) {
  EXPECT_NE(fault_of("database: {url: x}\ncollectors: [nowhere.yml]\n").find("nowhere.yml"),
            std::string::npos);
}

TEST_F(ExporterConfigTest, ComponentsAreChecked) {
  EXPECT_NE(fault_of("health:\n  components:\n    - {name: a, kind: ftp}\n")
                .find("health.components[0].kind: \"ftp\" is none of: postgres, http"),
            std::string::npos);
  EXPECT_NE(fault_of("health:\n  components:\n    - {name: a, kind: http}\n")
                .find("health.components[0].url: is missing"),
            std::string::npos);
}

TEST_F(ExporterConfigTest, RoutesBeginWithASlash) {
  EXPECT_NE(
      fault_of("requests: {routes: [api/users]}\n").find("\"api/users\" does not begin with /"),
      std::string::npos);
}

TEST_F(ExporterConfigTest, AFileThatIsNotThereIsNamed) {
  const auto config = load_exporter_config(folder.path("nowhere.yml"));
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("nowhere.yml"), std::string::npos);
}

TEST_F(ExporterConfigTest, DrainsAndTheirSecrets) {
  std::ofstream(folder.path("key")) << "s3cret\n";
  const auto config = load(
      "requests:\n  sources:\n"
      "    - {drain: netlify, token_file: key, token_header: X-Drain-Key}\n"
      "    - {drain: edge, format: cloudflare, basic: {user: ada, password_file: key}}\n"
      "    - {drain: app, fields: {status: res.status},\n"
      "       signature: {header: X-Signature, algorithm: hmac-sha1, secret_file: key},\n"
      "       id_header: X-Batch}\n");
  ASSERT_TRUE(config) << config.error().message;
  const auto& drains = config->requests.drains;
  ASSERT_EQ(drains.size(), 3U);
  EXPECT_EQ(drains[0].format, "netlify");
  EXPECT_EQ(std::get<sources::DrainToken>(drains[0].credentials).header, "x-drain-key");
  EXPECT_EQ(drains[1].format, "cloudflare");
  const auto& basic = std::get<sources::DrainBasic>(drains[1].credentials);
  EXPECT_EQ(basic.user, "ada");
  EXPECT_EQ(basic.password.read()->reveal(), "s3cret");
  EXPECT_EQ(drains[2].format, "json");
  EXPECT_EQ(drains[2].fields, (formats::JsonFields{{"status", "res.status"}}));
  EXPECT_EQ(std::get<sources::DrainSignature>(drains[2].credentials).algorithm,
            sources::DrainSignature::Algorithm::hmac_sha1);
  EXPECT_EQ(drains[2].id_header, "x-batch");
}

TEST_F(ExporterConfigTest, WhatASourceMayNotBe) {
  std::ofstream(folder.path("key")) << "s3cret\n";
  const std::map<std::string, std::string> faults{
      {"{drain: netlify}", ": one of token_file, basic and signature is missing"},
      {"{drain: netlify, token_file: key, basic: {user: a, password_file: key}}",
       ": only one of token_file, basic and signature may be there"},
      {"{drain: netlify, token_file: nowhere}", "token_file: "},
      {"{drain: netlify, token: s3cret}", "token: unknown key"},
      {"{drain: Net/lify, token_file: key}", "drain: \"Net/lify\": only a-z"},
      {"{drain: netlify, path: b, token_file: key}", "path: a drain has none"},
      {"{path: a.log, fields: {status: s}}", "fields: only the format json has them"},
      {"{path: a.log, format: json, fields: {statuss: s}}", "fields: statuss is none of "}};
  for (const auto& [source, fault] : faults) {
    const std::string said = fault_of("requests:\n  sources:\n    - " + source + "\n");
    EXPECT_NE(said.find("requests.sources[0]"), std::string::npos) << source << ": " << said;
    EXPECT_NE(said.find(fault), std::string::npos) << source << ": " << said;
    EXPECT_EQ(said.find("s3cret"), std::string::npos) << said;
  }
}

TEST_F(ExporterConfigTest, ASourceIsThereOnce) {
  EXPECT_NE(fault_of("requests: {sources: [{path: /a.log}, {path: /a.log}]}\n")
                .find("/a.log is there twice"),
            std::string::npos);
}

}  // namespace
}  // namespace backstay

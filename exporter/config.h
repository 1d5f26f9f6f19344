#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "exporter/collectors/pg/pg_options.h"
#include "exporter/collectors/sql/sql_catalog.h"
#include "exporter/request_config.h"

namespace backstay {

struct DatabaseConfig {
  SecretSource url;
  int max_connections = 3;
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{1000};
  collectors::PgOptions pg{};
};

struct ComponentConfig {
  std::string name;
  std::string kind;  // postgres, http
  bool critical = false;
  std::string url;  // http
};

// exporter.yml, as docs/CONFIG.md describes it.
struct ExporterConfig {
  std::optional<std::string> state_dir;  // without one, what is kept there begins anew each time
  std::optional<DatabaseConfig> database;
  bool with_pg = false;  // the built-in PostgreSQL statistics
  std::vector<collectors::SqlQuery> queries;
  RequestsConfig requests;
  std::vector<ComponentConfig> components;
};

// Everything that is wrong at once, each with file, line and path of the key. An empty path: no
// file; then, as with postgres_exporter, DATA_SOURCE_NAME is all there is. A secret's file is read
// once, so that a missing one shows here; the database itself is not asked.
Result<ExporterConfig> load_exporter_config(const std::string& path);

}  // namespace backstay

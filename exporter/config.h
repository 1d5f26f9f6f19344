#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "exporter/collectors/sql_catalog.h"

namespace backstay {

struct DatabaseConfig {
  SecretSource url;
  int max_connections = 3;
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{1000};
};

struct RequestSourceConfig {
  std::string path;
};

struct ComponentConfig {
  std::string name;
  std::string kind;  // postgres, http
  bool critical = false;
  std::string url;  // http
};

// exporter.yml, as docs/CONFIG.md describes it.
struct ExporterConfig {
  std::optional<DatabaseConfig> database;
  bool with_pg = false;  // the built-in PostgreSQL statistics
  std::vector<collectors::SqlQuery> queries;
  std::vector<RequestSourceConfig> sources;
  std::vector<std::string> routes;
  std::size_t series_max = 2000;
  std::vector<ComponentConfig> components;
};

// Everything that is wrong at once, each with file, line and path of the key. An empty path: no
// file; then, as with postgres_exporter, DATA_SOURCE_NAME is all there is. A secret's file is read
// once, so that a missing one shows here; the database itself is not asked.
Result<ExporterConfig> load_exporter_config(const std::string& path);

}  // namespace backstay

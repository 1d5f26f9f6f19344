#include "exporter/config.h"

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/config_file.h"

namespace backstay {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
namespace fs = std::filesystem;

constexpr const char* kDataSourceName = "DATA_SOURCE_NAME";

// Where the shipped catalog is: beside an installed program, or in the source tree of a built one.
std::string shipped_catalog_dir() {
  std::error_code error;
  const fs::path bin = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* candidate :
       {"../share/backstay/catalog", "../../exporter/catalog", "../../../exporter/catalog"}) {
    const fs::path dir = (bin / candidate).lexically_normal();
    if (fs::is_directory(dir, error)) return dir.string();
  }
  return "/usr/share/backstay/catalog";
}

std::optional<SecretSource> database_url(ConfigNode& database) {
  auto url = database.secret("url", true);
  const char* data_source_name = std::getenv(kDataSourceName);
  if (!url && data_source_name != nullptr && *data_source_name != '\0') {
    url = SecretSource::environment(kDataSourceName);
  }
  if (!url) return std::nullopt;
  if (auto value = url->read(); !value) {
    database.fault(database.has("url_env") ? "url_env" : "url_file", value.error().message);
  }
  return url;
}

collectors::PgOptions read_pg_options(ConfigNode& database) {
  collectors::PgOptions options;
  options.tables_max = static_cast<int>(database.integer_or("max_tables", 500, 0, 10'000));
  ConfigNode statements = database.section("statements");
  options.statements_top = static_cast<int>(statements.integer_or("top", 100, 0, 1000));
  options.has_query_text = statements.flag_or("query_text", false);
  options.slow_over =
      statements.duration_or("slow_over", milliseconds(1000), milliseconds(1), minutes(60));
  return options;
}

void read_database(ConfigNode& root, ExporterConfig& config) {
  ConfigNode database = root.section("database");
  auto url = database_url(database);
  const auto connections = database.integer_or("max_connections", 3, 1, 32);
  const auto statement =
      database.duration_or("statement_timeout", milliseconds(5000), milliseconds(10), minutes(10));
  const auto lock =
      database.duration_or("lock_timeout", milliseconds(1000), milliseconds(10), minutes(10));
  const collectors::PgOptions pg = read_pg_options(database);
  if (!url) {
    if (root.has("database")) database.fault("", "url_file, url_env or url is missing");
    return;
  }
  config.database =
      DatabaseConfig{std::move(*url), static_cast<int>(connections), statement, lock, pg};
}

// A catalog file is looked for beside the configuration first, so that a shipped one can be
// replaced.
std::string find_catalog(const std::string& name, const std::string& config_path,
                         const std::string& catalog_dir) {
  const fs::path beside = fs::absolute(config_path).parent_path() / name;
  std::error_code error;
  return fs::exists(beside, error) ? beside.string() : (fs::path(catalog_dir) / name).string();
}

void read_collectors(ConfigNode& root, const std::string& config_path, ExporterConfig& config) {
  const std::string catalog_dir = root.maybe_path("catalog_dir").value_or(shipped_catalog_dir());
  std::vector<std::string> names = root.texts("collectors");
  if (!root.has("collectors") && config.database) names = {"pg"};
  if (!names.empty() && !config.database) {
    root.fault("collectors", "there is no database to ask: database.url_file is missing");
  }
  for (const std::string& name : names) {
    if (name == "pg") {
      config.with_pg = true;
      continue;
    }
    auto queries = collectors::load_catalog(find_catalog(name, config_path, catalog_dir));
    if (!queries) {
      root.fault("collectors", name + ":\n" + queries.error().message);
      continue;
    }
    config.queries.insert(config.queries.end(), queries->begin(), queries->end());
  }
}

// Each has a state file of its own, named after it.
void check_event_names(ConfigNode& root, const ExporterConfig& config) {
  std::set<std::string> seen;
  for (const collectors::SqlQuery& query : config.queries) {
    if (query.events && !seen.insert(query.events->name).second) {
      root.fault("collectors", query.events->name + " is counted twice");
    }
  }
}

void read_health(ConfigNode& root, ExporterConfig& config) {
  ConfigNode health = root.section("health");
  for (ConfigNode& node : health.sections("components")) {
    ComponentConfig component;
    component.name = node.text("name");
    component.kind = node.choice_or("kind", {"postgres", "http"}, "");
    component.critical = node.flag_or("critical", false);
    if (component.kind.empty()) node.fault("", "kind is missing: postgres or http");
    if (component.kind == "http") component.url = node.text("url");
    if (component.kind == "postgres" && !config.database) {
      node.fault("kind", "there is no database to ask: database.url_file is missing");
    }
    config.components.push_back(component);
  }
}

}  // namespace

Result<ExporterConfig> load_exporter_config(const std::string& path) {
  auto loaded =
      path.empty() ? ConfigNode::parse("", "(no configuration file)") : ConfigNode::load(path);
  if (!loaded) return fail(loaded.error());
  ConfigNode& root = *loaded;
  ExporterConfig config;
  config.state_dir = root.maybe_path("state_dir");
  read_database(root, config);
  read_collectors(root, path.empty() ? "." : path, config);
  check_event_names(root, config);
  config.requests = read_requests(root);
  read_health(root, config);
  if (auto finished = root.finish(); !finished) return fail(finished.error());
  if (path.empty() && !config.database) {
    return fail("nothing to watch: give --config.file, or the database in DATA_SOURCE_NAME");
  }
  return config;
}

}  // namespace backstay

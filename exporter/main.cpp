#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/self_metrics.h"
#include "base/shutdown.h"
#include "exporter/app.h"
#include "exporter/config.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

struct Flags {
  std::string config_file;
  bool config_check = false;
  bool one_shot = false;
  std::vector<std::string> listen_addresses{"127.0.0.1:9878"};
  std::string telemetry_path = "/metrics";
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config.file", flags.config_file,
                 "Configuration file; without one, DATA_SOURCE_NAME is the database.");
  app.add_flag("--config.check", flags.config_check, "Say what is wrong with it, and end.");
  app.add_flag("--one-shot", flags.one_shot,
               "Read every file source from start to end, print the exposition, and end.");
  app.add_option("--web.listen-address", flags.listen_addresses,
                 "Address to listen on; may be given several times; port 0 takes a free one.")
      ->capture_default_str();
  app.add_option("--web.telemetry-path", flags.telemetry_path, "Path of the metrics.")
      ->capture_default_str();
  app.add_option("--log.level", flags.log_level)
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log.format", flags.log_format)
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  app.set_version_flag("--version", "backstay-exporter " + backstay::version());
}

int print_once(const backstay::ExporterConfig& config) {
  const auto text = backstay::read_once(config);
  if (!text) {
    std::cerr << "backstay-exporter: " << text.error().message << '\n';
    return kFailed;
  }
  std::cout << *text;
  return 0;
}

int serve(const backstay::ExporterConfig& config, const Flags& flags) {
  backstay::Shutdown shutdown;
  auto app = backstay::ExporterApp::start(config, flags.listen_addresses, flags.telemetry_path);
  if (!app) {
    std::cerr << "backstay-exporter: " << app.error().message << '\n';
    return kFailed;
  }
  shutdown.wait();
  backstay::log::info("stopping");
  return 0;
}

int run(const Flags& flags) {
  const auto config = backstay::load_exporter_config(flags.config_file);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return kBadUsage;
  }
  if (flags.config_check) {
    std::cout << (flags.config_file.empty() ? "DATA_SOURCE_NAME" : flags.config_file) << ": ok\n";
    return 0;
  }
  return flags.one_shot ? print_once(*config) : serve(*config, flags);
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Invitation, request, database and business metrics for Prometheus.",
               "backstay-exporter");
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  backstay::log::configure(backstay::log::parse_level(flags.log_level),
                           backstay::log::parse_format(flags.log_format));
  return run(flags);
}

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <malloc.h>

#include "base/log.h"
#include "base/self_metrics.h"
#include "base/shutdown.h"
#include "exporter/app.h"
#include "exporter/check.h"
#include "exporter/config.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

struct Flags {
  std::string config_file;
  bool config_check = false;
  bool one_shot = false;
  std::string web_config_file;
  backstay::web::Options web{{"127.0.0.1:9878"}, "/metrics", 40, nullptr, {"127.0.0.1:9880"}};
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config.file", flags.config_file,
                 "Configuration file; without one, DATA_SOURCE_NAME is the database.");
  app.add_flag("--config.check", flags.config_check, "Say what is wrong with it, and end.");
  app.add_flag("--one-shot", flags.one_shot,
               "Read every file source from start to end, print the exposition, and end.");
  app.add_option("--web.listen-address", flags.web.addresses,
                 "Address to listen on; may be given several times; port 0 takes a free one.")
      ->capture_default_str();
  app.add_option(
         "--web.drain-address", flags.web.drain_addresses,
         "Address on which log drains of the configuration are taken; like --web.listen-address.")
      ->capture_default_str();
  app.add_option("--web.telemetry-path", flags.web.telemetry_path, "Path of the metrics.")
      ->capture_default_str();
  app.add_option("--web.config.file", flags.web_config_file,
                 "Passwords and headers, in the format of all Prometheus exporters.");
  app.add_option("--web.max-requests", flags.web.scrapes_max,
                 "Scrapes at one time, 0 to 1000; 0 is no limit.")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--log.level", flags.log_level)
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log.format", flags.log_format)
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  app.set_version_flag("--version", "backstay-exporter " + backstay::version());
}

// A page is made by whichever thread answers the scrape. With an arena for each thread, as glibc
// has it, each of them would keep the memory of the largest page that it ever made; with one for
// all, each has a cache of its own for what is small, and seldom waits. What a page took is kept
// for the next one, up to a limit: to get it from the kernel anew costs more than to fill it.
void share_memory() {
  constexpr int kArenasMax = 1;
  constexpr int kKeptBytesMax = 4 << 20;
  mallopt(M_ARENA_MAX, kArenasMax);
  mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
  mallopt(M_MMAP_THRESHOLD, kKeptBytesMax);
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
  auto app = backstay::ExporterApp::start(config, flags.web);
  if (!app) {
    std::cerr << "backstay-exporter: " << app.error().message << '\n';
    return kFailed;
  }
  shutdown.wait();
  backstay::log::info("stopping");
  return 0;
}

int check(const backstay::ExporterConfig& config, const Flags& flags) {
  std::cout << (flags.config_file.empty() ? "DATA_SOURCE_NAME" : flags.config_file) << ": ok\n";
  switch (backstay::check_queries(config, std::cout, std::cerr)) {
    case backstay::CheckOutcome::good:
      return 0;
    case backstay::CheckOutcome::database_not_asked:
      return kFailed;
    case backstay::CheckOutcome::bad:
      break;
  }
  return kBadUsage;
}

int refuse(const backstay::Error& error) {
  std::cerr << error.message << '\n';
  return kBadUsage;
}

int run(Flags& flags) {
  const auto config = backstay::load_exporter_config(flags.config_file);
  if (!config) return refuse(config.error());
  if (!flags.web_config_file.empty()) {
    auto web_config =
        backstay::WebConfigFile::load(flags.web_config_file, {backstay::web::kWhyNoTls});
    if (!web_config) return refuse(web_config.error());
    flags.web.config = std::move(*web_config);
  }
  if (flags.config_check) return check(*config, flags);
  return flags.one_shot ? print_once(*config) : serve(*config, flags);
}

}  // namespace

int main(int argc, char** argv) {
  share_memory();
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

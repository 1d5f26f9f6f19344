#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/self_metrics.h"
#include "base/shutdown.h"
#include "receiver/app.h"
#include "receiver/config.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

struct Flags {
  std::string config_file = "/etc/backstay/receiver.yml";
  bool config_check = false;
  std::vector<std::string> listen_addresses{"127.0.0.1:9879"};
  std::string web_config_file;
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config.file", flags.config_file, "Configuration file.")->capture_default_str();
  app.add_flag("--config.check", flags.config_check, "Say what is wrong with it, and end.");
  app.add_option("--web.listen-address", flags.listen_addresses,
                 "Address to listen on; may be given several times; port 0 takes a free one.")
      ->capture_default_str();
  app.add_option("--web.config.file", flags.web_config_file,
                 "TLS, passwords and headers, in the format of Prometheus' exporters.");
  app.add_option("--log.level", flags.log_level)
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log.format", flags.log_format)
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  app.set_version_flag("--version", "backstay-receiver " + backstay::version());
}

int serve(const Flags& flags) {
  auto config = backstay::load_receiver_config(flags.config_file);
  if (!config) {
    std::cerr << config.error().message << '\n';
    return kBadUsage;
  }
  auto access = backstay::intake::load_web_access(flags.web_config_file, config->webhooks);
  if (!access) {
    std::cerr << access.error().message << '\n';
    return kBadUsage;
  }
  if (flags.config_check) {
    std::cout << flags.config_file << ": ok\n";
    return 0;
  }
  backstay::Shutdown shutdown;
  auto app = backstay::App::start(std::move(*config), flags.listen_addresses, *access);
  if (!app) {
    std::cerr << "backstay-receiver: " << app.error().message << '\n';
    return kFailed;
  }
  shutdown.wait();
  backstay::log::info("stopping");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Takes alert and deploy webhooks, and puts the last good release back.",
               "backstay-receiver");
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadUsage;
  }
  const auto level = backstay::log::parse_level(flags.log_level);
  const auto format = backstay::log::parse_format(flags.log_format);
  backstay::log::configure(level, format);
  return serve(flags);
}

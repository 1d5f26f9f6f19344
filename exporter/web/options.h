#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/web_config.h"

namespace backstay::web {

// What the flags --web.… say.
struct Options {
  std::vector<std::string> addresses;
  std::string telemetry_path = "/metrics";
  int scrapes_max = 40;                   // at one time; 0: as many as the server has threads
  std::shared_ptr<WebConfigFile> config;  // none: everybody may read
  std::vector<std::string> drain_addresses = {};  // only where there are drains
};

// Why --web.config.file may have no tls_server_config here.
inline constexpr const char* kWhyNoTls =
    "the exporter cannot do TLS, because Debian's CivetWeb cannot; let HAProxy do it in front of "
    "it, "
    "as in examples/exporter-tls/haproxy.cfg";

}  // namespace backstay::web

#pragma once

#include <memory>

#include "base/basic_auth.h"
#include "base/web_config.h"
#include "exporter/metrics/source.h"
#include "exporter/web/server.h"

namespace backstay::web {

// Stands before every path, as Prometheus' own exporters have it: asks for the password and adds
// the headers that the web configuration wants. A configuration that cannot be used lets in who was
// let in before, or, where that was everybody, nobody: 500.
//
//   backstay_web_auth_failures_total{reason}
//   backstay_web_config_last_reload_successful
//
// Thread-safe.
class Guard final : public metrics::Source {
 public:
  // Without a configuration everything passes.
  explicit Guard(std::shared_ptr<WebConfigFile> config) : config_(std::move(config)) {}

  Response handle(const Request& request, const Handler& next);
  [[nodiscard]] metrics::Families families() const override;

 private:
  Response admit(const Request& request, const WebConfig& config, const Handler& next);

  std::shared_ptr<WebConfigFile> config_;
  BasicAuth auth_;
};

}  // namespace backstay::web

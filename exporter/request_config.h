#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config_file.h"
#include "exporter/formats/formats.h"
#include "exporter/requests/request_options.h"
#include "exporter/sources/drain.h"

namespace backstay {

struct LogFileConfig {
  std::string path;  // or a pattern
  std::string format;
  formats::JsonFields fields;
};

// The section `requests` of exporter.yml, as docs/CONFIG.md describes it.
struct RequestsConfig {
  std::vector<LogFileConfig> files;
  std::vector<sources::DrainConfig> drains;
  std::shared_ptr<const requests::RequestOptions> options =
      std::make_shared<const requests::RequestOptions>();

  [[nodiscard]] bool has_sources() const { return !files.empty() || !drains.empty(); }
};

RequestsConfig read_requests(ConfigNode& root);

}  // namespace backstay

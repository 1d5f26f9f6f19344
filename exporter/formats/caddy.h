#pragma once

#include "exporter/formats/json_reader.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {

// Caddy's access log, and what else it says: one JSON object a line, the duration in seconds, `ts`
// in seconds with a fraction or as its time_format has it. https://caddyserver.com/docs/logging
class Caddy final : public Parser {
 public:
  Caddy();
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  JsonReader reader_;
};

}  // namespace backstay::formats

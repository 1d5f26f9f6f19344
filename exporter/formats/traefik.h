#pragma once

#include "exporter/formats/json_reader.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {

// Traefik's access log with format: json, and its own log: the duration is in nanoseconds, the
// router's name is the route. https://doc.traefik.io/traefik/observability/access-logs/
class Traefik final : public Parser {
 public:
  Traefik();
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  JsonReader reader_;
};

}  // namespace backstay::formats

#pragma once

#include <string_view>

#include "exporter/formats/formats.h"
#include "exporter/formats/json_reader.h"
#include "exporter/formats/parser.h"

namespace backstay::formats {

// One JSON object a line, as services and nginx with escape=json write them. What a field is says
// the configuration by its role, and the usual names are known: of loggers (pino, zap, logback,
// bunyan, structlog), of nginx's variables, of the Elastic Common Schema and of OpenTelemetry.
// A duration's role has its unit: duration_s, duration_ms, duration_us or duration_ns; a name that
// does not tell it, like "duration", is no usual one, since a wrong time is worse than none.
//   https://nginx.org/en/docs/http/ngx_http_log_module.html
//   https://www.elastic.co/guide/en/ecs/current/ecs-http.html
//   https://opentelemetry.io/docs/specs/semconv/http/http-spans/
class Json final : public Parser {
 public:
  // A role that is named has no usual names any more, and of the durations one is for all.
  explicit Json(const JsonFields& fields);
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  JsonReader reader_;
};

}  // namespace backstay::formats

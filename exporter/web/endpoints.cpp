#include "exporter/web/endpoints.h"

#include <algorithm>
#include <charconv>

#include "base/self_metrics.h"
#include "exporter/health/endpoints.h"
#include "exporter/metrics/exposition.h"

namespace backstay::web {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDefaultTimeout{10'000};
constexpr milliseconds kWayBack{500};
constexpr milliseconds kShortest{100};

Response json(const health::Answer& answer) {
  return {answer.status, answer.json, "application/json"};
}

}  // namespace

milliseconds scrape_time(const Request& request) {
  milliseconds timeout = kDefaultTimeout;
  const auto header = request.headers.find("x-prometheus-scrape-timeout-seconds");
  if (header != request.headers.end()) {
    double seconds = 0;
    const std::string& text = header->second;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec == std::errc() && seconds > 0 && seconds < 3600) {
      timeout = milliseconds(static_cast<long>(seconds * 1000));
    }
  }
  return std::max(kShortest, timeout - kWayBack);
}

Response Endpoints::landing_page() const {
  const std::string metrics = telemetry_path_;
  return {200,
          "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Backstay "
          "exporter</title></head>\n<body><h1>Backstay exporter " +
              version() + "</h1>\n<ul><li><a href=\"" + metrics +
              "\">Metrics</a></li>"
              "<li><a href=\"/health/detailed\">Health</a></li>"
              "<li><a href=\"/-/ready\">Ready</a></li></ul></body></html>\n",
          "text/html; charset=utf-8"};
}

Response Endpoints::handle(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return {405, "use GET\n"};
  const std::string& path = request.path;
  if (path == telemetry_path_) {
    return {200, scrape_(clock_.steady() + scrape_time(request)), metrics::kTextContentType};
  }
  if (path == "/health") return json(health::basic());
  if (path == "/health/live") return json(health::live(components_));
  if (path == "/health/ready") return json(health::ready(components_));
  if (path == "/health/detailed") return json(health::detailed(components_));
  if (path == "/-/healthy") return {200, "healthy\n"};
  if (path == "/-/ready") return {200, "ready\n"};
  if (path == "/") return landing_page();
  return {404, "not found\n"};
}

}  // namespace backstay::web

#include "exporter/web/endpoints.h"

#include <algorithm>
#include <charconv>

#include "base/self_metrics.h"
#include "exporter/health/endpoints.h"
#include "exporter/metrics/exposition.h"
#include "exporter/web/gzip.h"
#include "exporter/web/negotiation.h"
#include "exporter/web/query.h"

namespace backstay::web {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDefaultTimeout{10'000};
constexpr milliseconds kWayBack{500};
constexpr milliseconds kShortest{100};

constexpr const char* kJson = "application/json";

Response json(const health::Answer& answer) { return {answer.status, answer.json, kJson, {}}; }

std::string header_of(const Request& request, const std::string& name) {
  const auto header = request.headers.find(name);
  return header == request.headers.end() ? "" : header->second;
}

// A scrape in flight while it lives.
class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count), number_(++count) {}
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  std::atomic<int>& count_;
  const int number_;
};

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
  const std::string& metrics = options_.telemetry_path;
  return {
      200,
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Backstay "
      "exporter</title></head>\n<body><h1>Backstay exporter " +
          version() + "</h1>\n<ul><li><a href=\"" + metrics +
          "\">Metrics</a></li>"
          "<li><a href=\"/health/detailed\">Health</a></li>" +
          (options_.report ? "<li><a href=\"/report\">Requests of the last hour</a></li>" : "") +
          (options_.errors ? "<li><a href=\"/errors\">Errors</a></li>" : "") +
          "<li><a href=\"/-/ready\">Ready</a></li></ul></body></html>\n",
      "text/html; charset=utf-8",
      {}};
}

Response Endpoints::scrape(const Request& request) {
  const auto filter = collector_filter(request.query, options_.collectors);
  if (!filter) return {400, filter.error().message + "\n"};
  const metrics::Format format = preferred_format(header_of(request, "accept"));
  const SteadyTime deadline = clock_.steady() + scrape_time(request);
  Response response{200, scrape_({deadline, *filter, format}), metrics::content_type(format), {}};
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (accepts_gzip(header_of(request, "accept-encoding"))) {
    response.body = gzip(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

Response Endpoints::metrics_page(const Request& request) {
  const InFlight in_flight(scrapes_);
  if (options_.scrapes_max == 0 || in_flight.number() <= options_.scrapes_max) {
    return scrape(request);
  }
  ++refused_;
  return {503, "there are " + std::to_string(options_.scrapes_max) +
                   " scrapes at one time already, the most that --web.max-requests allows\n"};
}

Response Endpoints::report_page(const Request& request) const {
  const auto parameters = parse_query(request.query);
  if (!parameters) return {400, parameters.error().message + "\n"};
  std::string window;
  for (const auto& [name, value] : *parameters) {
    if (name == "window") window = value;
  }
  const auto report = options_.report(window);
  if (!report) return {400, report.error().message + "\n"};
  return {200, *report, kJson, {}};
}

metrics::Families Endpoints::families() const {
  return {{"backstay_scrapes_refused_total",
           "Scrapes that were answered 503, because as many as may be were in flight already.",
           metrics::Type::counter,
           {{{}, static_cast<double>(refused_), {}}}}};
}

Response Endpoints::handle(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return {405, "use GET\n"};
  const std::string& path = request.path;
  if (path == options_.telemetry_path) return metrics_page(request);
  if (path == "/errors" && options_.errors) return {200, options_.errors(), kJson, {}};
  if (path == "/report" && options_.report) return report_page(request);
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

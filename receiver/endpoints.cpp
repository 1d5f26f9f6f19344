#include "receiver/endpoints.h"

#include <sstream>

#include <nlohmann/json.hpp>
#include <prometheus/text_serializer.h>

#include "base/timestamp.h"
#include "receiver/json_text.h"

namespace backstay {
namespace {

using intake::Request;
using intake::Response;

// An idle worker comes round twice a second; one in a step may be away for as long as that takes.
constexpr std::chrono::milliseconds kRoundTooOld{30'000};

Response text(int status, const std::string& body) {
  Response response;
  response.status = status;
  response.body = body + "\n";
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

constexpr const char* kLanding = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backstay receiver</title></head>
<body><h1>Backstay receiver</h1>
<p>Takes alert and deploy webhooks, and puts the last good release back.</p>
<ul><li><a href="/metrics">Metrics</a></li><li><a href="/-/ready">Ready</a></li>
<li><a href="/-/healthy">Healthy</a></li></ul></body></html>)html";

}  // namespace

Response Endpoints::metrics() {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& collectable : collectables_) {
    auto collected = collectable->Collect();
    families.insert(families.end(), std::make_move_iterator(collected.begin()),
                    std::make_move_iterator(collected.end()));
  }
  std::ostringstream out;
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, families);
  Response response;
  response.body = out.str();
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

std::string Endpoints::not_ready() {
  const auto read = journal_.read([](journal::Transaction& tx) {
    tx.prepare("SELECT id FROM events ORDER BY id DESC LIMIT 1").run();
  });
  if (!read) return read.error().message;
  if (const std::string problem = journal_.write_problem(); !problem.empty()) {
    return "the journal cannot be written: " + problem;
  }
  if (const std::string problem = worker_.problem(); !problem.empty()) {
    return "the worker cannot go on: " + problem;
  }
  const WallTime last_round = from_unix_ms(worker_.last_round_ms());
  if (!worker_.is_busy() && clock_.now() - last_round > kRoundTooOld) {
    return "the worker has not come round since " + format_rfc3339(last_round);
  }
  return "";
}

Response Endpoints::handle(const Request& request) {
  if (request.path.rfind("/webhooks/", 0) == 0) return webhook_(request);
  if (request.method != "GET" && request.method != "HEAD") return text(405, "use GET");
  if (request.path == "/metrics") return metrics();
  if (request.path == "/-/healthy") return text(200, "healthy");
  if (request.path == "/-/ready") {
    const std::string why = not_ready();
    return why.empty() ? text(200, "ready") : text(503, "not ready: " + why);
  }
  if (request.path == "/") {
    Response response;
    response.body = kLanding;
    response.content_type = "text/html; charset=utf-8";
    return response;
  }
  return text(404, "not found");
}

Response handle_control(Control& control, const Request& request) {
  constexpr std::string_view kPrefix = "/control/";
  Response response;
  if (request.method != "POST" || request.path.rfind(kPrefix, 0) != 0) {
    response.status = 404;
    response.body = R"({"error": "not found"})";
    return response;
  }
  const auto parameters = parse_json(request.body);
  if (!parameters.is_object()) {
    response.status = 400;
    response.body = R"({"error": "not a JSON object"})";
    return response;
  }
  const auto answer = control.handle(request.path.substr(kPrefix.size()), parameters);
  response.body = answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return response;
}

}  // namespace backstay

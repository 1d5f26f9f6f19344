#include "receiver/intake/web_guard.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "base/metric_family.h"
#include "base/timestamp.h"

namespace backstay::intake {
namespace {

using Verdict = BasicAuth::Verdict;

constexpr std::pair<Verdict, const char*> kReasons[] = {{Verdict::busy, "busy"},
                                                        {Verdict::no_credentials, "no_credentials"},
                                                        {Verdict::wrong, "wrong"}};

std::string reason_of(Verdict verdict) {
  for (const auto& [known, reason] : kReasons) {
    if (known == verdict) return reason;
  }
  return "";
}

std::optional<std::string> authorization_of(const Request& request) {
  const auto header = request.headers.find("authorization");
  if (header == request.headers.end()) return std::nullopt;
  return header->second;
}

Response plain(int status, const std::string& body, std::pair<std::string, std::string> header) {
  Response response;
  response.status = status;
  response.body = body;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.push_back(std::move(header));
  return response;
}

}  // namespace

std::optional<Response> WebGuard::refuse(Request& request, const WebConfig& config) {
  if (config.users.empty() || access_.open_paths.count(request.path) != 0) return std::nullopt;
  const auto authorization = authorization_of(request);
  const Verdict verdict = auth_.check(authorization, config.users);
  if (verdict == Verdict::accepted) {
    request.user = BasicAuth::user_of(*authorization);
    return std::nullopt;
  }
  const std::string reason = reason_of(verdict);
  if (const auto left_out = refusals_.due(reason, request.remote_address, clock_.steady())) {
    log::warn("a request was turned away before its password was accepted",
              {{"reason", reason}, {"from", request.remote_address}, {"left_out", *left_out}});
  }
  if (verdict == Verdict::busy) {
    return plain(503, "too many passwords are being checked\n", {"Retry-After", "5"});
  }
  return plain(401, "unauthorized\n", {"WWW-Authenticate", "Basic"});
}

Response WebGuard::handle(Request& request, const std::function<Response(const Request&)>& next) {
  if (!access_.config) return next(request);
  const auto config = access_.config->current();
  // It keeps the last one that was good; what has never been good did not start.
  if (!config) return plain(503, "the web configuration cannot be used\n", {"Retry-After", "5"});
  const auto refused = refuse(request, **config);
  Response response = refused ? *refused : next(request);
  for (const auto& [name, value] : (*config)->headers) response.headers.emplace_back(name, value);
  return response;
}

std::vector<prometheus::MetricFamily> WebGuard::Collect() const {
  if (!access_.config) return {};
  const bool is_read = access_.config->current().has_value();
  const auto context = access_.tls->current();
  prometheus::MetricFamily failures =
      metric_family("backstay_web_auth_failures_total",
                    "Requests that were turned away before a password was accepted.",
                    prometheus::MetricType::Counter);
  for (const auto& [verdict, reason] : kReasons) {
    add_sample(failures, {{"reason", reason}}, static_cast<double>(auth_.count(verdict)));
  }
  const bool is_good = is_read && access_.config->is_good() && access_.tls->is_good();
  std::vector<prometheus::MetricFamily> families{
      failures,
      single_metric("backstay_web_config_last_reload_successful",
                    "Whether the file behind --web.config.file and its certificates can be used.",
                    prometheus::MetricType::Gauge, is_good ? 1 : 0)};
  if (context) {
    families.push_back(
        single_metric("backstay_web_certificate_expires_timestamp_seconds",
                      "Until when the certificate in force is valid, in seconds since the epoch.",
                      prometheus::MetricType::Gauge,
                      static_cast<double>(to_unix_ms(context->expires_at())) / 1000));
  }
  return families;
}

}  // namespace backstay::intake

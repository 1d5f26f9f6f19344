#include "exporter/web/guard.h"

#include <optional>
#include <string>
#include <utility>

namespace backstay::web {
namespace {

using Verdict = BasicAuth::Verdict;

constexpr std::pair<Verdict, const char*> kReasons[] = {{Verdict::busy, "busy"},
                                                        {Verdict::no_credentials, "no_credentials"},
                                                        {Verdict::wrong, "wrong"}};

std::optional<std::string> authorization_of(const Request& request) {
  const auto header = request.headers.find("authorization");
  if (header == request.headers.end()) return std::nullopt;
  return header->second;
}

}  // namespace

Response Guard::admit(const Request& request, const WebConfig& config, const Handler& next) {
  if (config.users.empty()) return next(request);
  const Verdict verdict = auth_.check(authorization_of(request), config.users);
  if (verdict == Verdict::accepted) return next(request);
  if (verdict == Verdict::busy) return {503, "too many passwords are being checked\n"};
  Response refused{401, "unauthorized\n"};
  refused.headers.emplace_back("WWW-Authenticate", "Basic");
  return refused;
}

Response Guard::handle(const Request& request, const Handler& next) {
  if (!config_) return next(request);
  const auto config = config_->current();
  if (!config) return {500, "the web configuration cannot be used; the log says why\n"};
  Response response = admit(request, **config, next);
  for (const auto& [name, value] : (*config)->headers) response.headers.emplace_back(name, value);
  return response;
}

metrics::Families Guard::families() const {
  metrics::Family failures{"backstay_web_auth_failures_total",
                           "Requests that were turned away before a password was accepted.",
                           metrics::Type::counter,
                           {}};
  if (!config_) return {};
  for (const auto& [verdict, reason] : kReasons) {
    failures.samples.push_back(
        {metrics::Labels{{"reason", reason}}, static_cast<double>(auth_.count(verdict)), {}});
  }
  metrics::Family reload{"backstay_web_config_last_reload_successful",
                         "Whether the file behind --web.config.file can be used as it is now.",
                         metrics::Type::gauge,
                         {{{}, config_->is_good() ? 1.0 : 0.0, {}}}};
  return {std::move(failures), std::move(reload)};
}

}  // namespace backstay::web

#include "receiver/intake/webhooks.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace backstay::intake {
namespace {

constexpr std::string_view kPrefix = "/webhooks/";

std::string json_body(const char* key, const std::string& value) {
  return nlohmann::json{{key, value}}.dump(-1, ' ', false,
                                           nlohmann::json::error_handler_t::replace);
}

Response plain(int status, const std::string& error) {
  Response response;
  response.status = status;
  response.body = json_body("error", error);
  return response;
}

}  // namespace

Webhooks::Webhooks(Append append, Clock& clock, prometheus::Registry& registry)
    : append_(std::move(append)),
      clock_(clock),
      outcomes_(prometheus::BuildCounter()
                    .Name("backstay_receiver_webhooks_total")
                    .Help("Deliveries by webhook and what became of them.")
                    .Register(registry)),
      auth_failures_(prometheus::BuildCounter()
                         .Name("backstay_receiver_auth_failures_total")
                         .Help("Deliveries that were not genuine, by webhook and reason.")
                         .Register(registry)) {}

Result<std::unique_ptr<Webhooks>> Webhooks::create(const std::vector<WebhookConfig>& configs,
                                                   Append append, Clock& clock,
                                                   prometheus::Registry& registry) {
  std::unique_ptr<Webhooks> webhooks(new Webhooks(std::move(append), clock, registry));
  for (const WebhookConfig& config : configs) {
    auto provider = make_provider(config);
    if (!provider) return fail(provider.error());
    webhooks->providers_[config.name] = std::move(*provider);
  }
  return webhooks;
}

Response Webhooks::handle(const Request& request) {
  const std::string name = request.path.substr(std::min(kPrefix.size(), request.path.size()));
  const auto found = providers_.find(name);
  if (found == providers_.end()) return plain(404, "no such webhook");
  if (request.method != "POST") return plain(405, "use POST");
  return deliver(name, *found->second, request);
}

Response Webhooks::answer(const std::string& name, const std::string& outcome, int status,
                          const std::string& body) {
  outcomes_.Add({{"webhook", name}, {"outcome", outcome}}).Increment();
  Response response;
  response.status = status;
  response.body = body;
  return response;
}

Response Webhooks::deliver(const std::string& name, const Provider& provider,
                           const Request& request) {
  const Delivery delivery{request.headers, request.body, clock_.now()};
  if (const auto failure = provider.authenticate(delivery)) {
    auth_failures_.Add({{"webhook", name}, {"reason", std::string(to_string(*failure))}})
        .Increment();
    log::warn(
        "a webhook was not genuine",
        {{"webhook", name}, {"reason", to_string(*failure)}, {"from", request.remote_address}});
    return answer(name, "unauthorized", 401, json_body("error", "unauthorized"));
  }
  const Parsed parsed = provider.parse(delivery, name);
  if (const auto* malformed = std::get_if<Malformed>(&parsed)) {
    log::warn("a webhook was not understood", {{"webhook", name}, {"reason", malformed->reason}});
    return answer(name, "malformed", 400, json_body("error", malformed->reason));
  }
  if (const auto* ignored = std::get_if<Ignored>(&parsed)) {
    return answer(name, "ignored", 200, json_body("ignored", ignored->reason));
  }
  const auto appended = append_(std::get<Accepted>(parsed).events);
  if (!appended) {
    log::error("a webhook is not on disk",
               {{"webhook", name}, {"error", appended.error().message}});
    Response response = answer(name, "unavailable", 503, json_body("error", "try again"));
    response.headers.emplace_back("Retry-After", "5");
    return response;
  }
  const bool is_new = appended->stored > 0;
  return answer(
      name, is_new ? "stored" : "duplicate", is_new ? 202 : 200,
      nlohmann::json{{"stored", appended->stored}, {"duplicates", appended->duplicates}}.dump());
}

}  // namespace backstay::intake

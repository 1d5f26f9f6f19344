#include "receiver/intake/webhooks.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "receiver/intake/client_address.h"
#include "receiver/intake/event_bounds.h"

namespace backstay::intake {
namespace {

constexpr std::string_view kPrefix = "/webhooks/";
constexpr std::chrono::seconds kRetryAfter{5};

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

struct Webhooks::Webhook {
  Webhook(const WebhookConfig& config, std::unique_ptr<Provider> provider_in, Clock& clock)
      : name(config.name),
        provider(std::move(provider_in)),
        allow_from(config.allow_from),
        rate(config.rate_limit, clock) {}
  const std::string name;
  const std::unique_ptr<Provider> provider;
  const std::vector<IpNetwork> allow_from;
  RateLimit rate;
};

Webhooks::Webhooks(Append append, Clock& clock, prometheus::Registry& registry,
                   std::vector<IpNetwork> trusted_proxies)
    : append_(std::move(append)),
      clock_(clock),
      trusted_proxies_(std::move(trusted_proxies)),
      outcomes_(prometheus::BuildCounter()
                    .Name("backstay_receiver_webhooks_total")
                    .Help("Deliveries by webhook and what became of them.")
                    .Register(registry)),
      auth_failures_(prometheus::BuildCounter()
                         .Name("backstay_receiver_auth_failures_total")
                         .Help("Deliveries that were not genuine, by webhook and reason.")
                         .Register(registry)),
      addresses_refused_(prometheus::BuildCounter()
                             .Name("backstay_receiver_addresses_refused_total")
                             .Help("Deliveries from where none may come, by webhook and reason.")
                             .Register(registry)),
      details_not_understood_(
          prometheus::BuildCounter()
              .Name("backstay_receiver_details_not_understood_total")
              .Help("Details of a release that events came without, by webhook and key.")
              .Register(registry)),
      fields_shortened_(
          prometheus::BuildCounter()
              .Name("backstay_receiver_event_fields_shortened_total")
              .Help("Fields of events that were too long, and shortened, by webhook and field.")
              .Register(registry)) {}

Result<std::unique_ptr<Webhooks>> Webhooks::create(const std::vector<WebhookConfig>& configs,
                                                   Append append, Clock& clock,
                                                   prometheus::Registry& registry,
                                                   const std::vector<IpNetwork>& trusted_proxies) {
  std::unique_ptr<Webhooks> webhooks(
      new Webhooks(std::move(append), clock, registry, trusted_proxies));
  for (const WebhookConfig& config : configs) {
    auto provider = make_provider(config);
    if (!provider) return fail(provider.error());
    webhooks->webhooks_[config.name] =
        std::make_unique<Webhook>(config, std::move(*provider), clock);
  }
  return webhooks;
}

Webhooks::~Webhooks() = default;

Response Webhooks::handle(const Request& request) {
  const std::string name = request.path.substr(std::min(kPrefix.size(), request.path.size()));
  const auto found = webhooks_.find(name);
  if (found == webhooks_.end()) return plain(404, "no such webhook");
  if (request.method != "POST") return plain(405, "use POST");
  return deliver(*found->second, request);
}

Response Webhooks::answer(const Webhook& webhook, const std::string& outcome, int status,
                          const std::string& body) {
  outcomes_.Add({{"webhook", webhook.name}, {"outcome", outcome}}).Increment();
  Response response;
  response.status = status;
  response.body = body;
  return response;
}

Response Webhooks::later(const Webhook& webhook, const std::string& outcome,
                         std::chrono::seconds after) {
  Response response = answer(webhook, outcome, 503, json_body("error", "try again"));
  response.headers.emplace_back("Retry-After", std::to_string(after.count()));
  return response;
}

Response Webhooks::refuse_address(const Webhook& webhook, const std::string& reason,
                                  const std::string& from) {
  addresses_refused_.Add({{"webhook", webhook.name}, {"reason", reason}}).Increment();
  if (const auto left_out = refusals_.due(webhook.name + " " + reason, from, clock_.steady())) {
    log::warn(
        "a webhook came from where none may come",
        {{"webhook", webhook.name}, {"reason", reason}, {"from", from}, {"left_out", *left_out}});
  }
  return answer(webhook, "forbidden", 403, json_body("error", "forbidden"));
}

Response Webhooks::refuse_sender(const Webhook& webhook, AuthFailure failure,
                                 const std::string& from) {
  const std::string reason(to_string(failure));
  auth_failures_.Add({{"webhook", webhook.name}, {"reason", reason}}).Increment();
  if (const auto left_out = refusals_.due(webhook.name + " " + reason, from, clock_.steady())) {
    log::warn(
        "a webhook was not genuine",
        {{"webhook", webhook.name}, {"reason", reason}, {"from", from}, {"left_out", *left_out}});
  }
  return answer(webhook, "unauthorized", 401, json_body("error", "unauthorized"));
}

Response Webhooks::refuse_content(const Webhook& webhook, const std::string& outcome,
                                  const std::string& reason, const std::string& from) {
  if (const auto left_out = refusals_.due(webhook.name + " content", from, clock_.steady())) {
    log::warn(
        "a webhook was not understood",
        {{"webhook", webhook.name}, {"reason", reason}, {"from", from}, {"left_out", *left_out}});
  }
  return answer(webhook, outcome, 400, json_body("error", reason));
}

Response Webhooks::deliver(Webhook& webhook, const Request& request) {
  const auto client = client_address(request.remote_address, request.headers, trusted_proxies_);
  const std::string from = client ? client->text() : request.remote_address;
  if (!webhook.allow_from.empty()) {
    if (!client) return refuse_address(webhook, "unknown", from);
    if (!is_in_any(*client, webhook.allow_from)) return refuse_address(webhook, "not_listed", from);
  }
  const Delivery delivery{request.headers, request.body, clock_.now(), request.user};
  if (const auto failure = webhook.provider->authenticate(delivery)) {
    return refuse_sender(webhook, *failure, from);
  }
  if (const auto after = webhook.rate.take()) return later(webhook, "rate_limited", *after);
  Parsed parsed = webhook.provider->parse(delivery, webhook.name);
  if (const auto* malformed = std::get_if<Malformed>(&parsed)) {
    return refuse_content(webhook, "malformed", malformed->reason, from);
  }
  if (const auto* ignored = std::get_if<Ignored>(&parsed)) {
    return answer(webhook, "ignored", 200, json_body("ignored", ignored->reason));
  }
  return take(webhook, std::get<Accepted>(parsed).events, from);
}

Response Webhooks::take(const Webhook& webhook, std::vector<Event>& events,
                        const std::string& from) {
  for (Event& event : events) {
    const auto shortened = bound(event);
    if (!shortened) return refuse_content(webhook, "too_large", shortened.error().message, from);
    for (const std::string_view field : *shortened) {
      fields_shortened_.Add({{"webhook", webhook.name}, {"field", std::string(field)}}).Increment();
    }
  }
  return store(webhook, events);
}

// Of what is new: what is sent again says the same again.
void Webhooks::say_what_is_not_understood(const Webhook& webhook,
                                          const std::map<std::string, std::string>& expected) {
  for (const auto& [key, what] : expected) {
    details_not_understood_.Add({{"webhook", webhook.name}, {"key", key}}).Increment();
    log::warn("an event came in without a detail that was not understood",
              {{"webhook", webhook.name}, {"key", key}, {"reason", what}});
  }
}

Response Webhooks::store(const Webhook& webhook, const std::vector<Event>& events) {
  const auto appended = append_(events);
  if (!appended) {
    const std::string& error = appended.error().message;
    if (const auto left_out = refusals_.due(webhook.name + " disk", error, clock_.steady())) {
      log::error("a webhook is not on disk",
                 {{"webhook", webhook.name}, {"error", error}, {"left_out", *left_out}});
    }
    return later(webhook, "unavailable", kRetryAfter);
  }
  if (appended->is_full) return later(webhook, "queue_full", kRetryAfter);
  const bool is_new = appended->stored > 0;
  nlohmann::json body = {{"stored", appended->stored}, {"duplicates", appended->duplicates}};
  const auto& not_understood = events.front().details.not_understood;
  if (!not_understood.empty()) body["not_understood"] = not_understood;
  if (is_new) say_what_is_not_understood(webhook, not_understood);
  return answer(webhook, is_new ? "stored" : "duplicate", is_new ? 202 : 200, body.dump());
}

}  // namespace backstay::intake

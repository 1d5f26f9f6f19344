#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/result.h"
#include "receiver/intake/provider.h"
#include "receiver/intake/refusal_log.h"
#include "receiver/intake/server.h"

namespace backstay::intake {

struct Appended {
  int stored = 0;
  int duplicates = 0;
  bool is_full = false;  // too many events wait for their decision: none of these was taken
};
// Puts the events on disk, all or none. An Error means that none is.
using Append = std::function<Result<Appended>(const std::vector<Event>&)>;

// POST /webhooks/<name>: address → authenticate → rate → parse → on disk → 2xx.
// docs/CONFIG.md#webhooks says more.
//   202 stored · 200 sent before, or of a kind that is ignored · 400 not understood, or too large
//   401 not genuine · 403 not from there · 404 no such webhook · 405 not a POST
//   503 not on disk, no room, too many: send it again
//
// The rate is looked at behind the signature: before it, a stranger could use up what the genuine
// sender has. It is 503 and not 429, because Alertmanager sends again at once after the first alone
// (with a growing pause), and because to no sender is it a reason to give up.
// Thread-safe.
class Webhooks {
 public:
  static Result<std::unique_ptr<Webhooks>> create(
      const std::vector<WebhookConfig>& configs, Append append, Clock& clock,
      prometheus::Registry& registry, const std::vector<IpNetwork>& trusted_proxies = {});
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;
  Response handle(const Request& request);

 private:
  struct Webhook;
  Webhooks(Append append, Clock& clock, prometheus::Registry& registry,
           std::vector<IpNetwork> trusted_proxies);
  Response deliver(Webhook& webhook, const Request& request);
  Response refuse_address(const Webhook& webhook, const std::string& reason,
                          const std::string& from);
  Response refuse_sender(const Webhook& webhook, AuthFailure failure, const std::string& from);
  void say_what_is_not_understood(const Webhook& webhook,
                                  const std::map<std::string, std::string>& expected);
  Response refuse_content(const Webhook& webhook, const std::string& outcome,
                          const std::string& reason, const std::string& from);
  Response take(const Webhook& webhook, std::vector<Event>& events, const std::string& from);
  Response store(const Webhook& webhook, const std::vector<Event>& events);
  Response answer(const Webhook& webhook, const std::string& outcome, int status,
                  const std::string& body);
  Response later(const Webhook& webhook, const std::string& outcome, std::chrono::seconds after);

  std::map<std::string, std::unique_ptr<Webhook>> webhooks_;
  Append append_;
  Clock& clock_;
  const std::vector<IpNetwork> trusted_proxies_;
  prometheus::Family<prometheus::Counter>& outcomes_;
  prometheus::Family<prometheus::Counter>& auth_failures_;
  prometheus::Family<prometheus::Counter>& addresses_refused_;
  prometheus::Family<prometheus::Counter>& details_not_understood_;
  prometheus::Family<prometheus::Counter>& fields_shortened_;
  RefusalLog refusals_;
};

}  // namespace backstay::intake

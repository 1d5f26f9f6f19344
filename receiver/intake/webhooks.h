#pragma once

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
#include "receiver/intake/server.h"

namespace backstay::intake {

struct Appended {
  int stored = 0;
  int duplicates = 0;
};
// Puts the events on disk, all or none. An Error means that none is.
using Append = std::function<Result<Appended>(const std::vector<Event>&)>;

// POST /webhooks/<name>: authenticate → parse → on disk → 2xx. docs/CONFIG.md#webhooks says more.
//   202 stored · 200 sent before, or of a kind that is ignored · 400 not understood
//   401 not genuine · 404 no such webhook · 405 not a POST · 503 not on disk: send it again
// Thread-safe.
class Webhooks {
 public:
  static Result<std::unique_ptr<Webhooks>> create(const std::vector<WebhookConfig>& configs,
                                                  Append append, Clock& clock,
                                                  prometheus::Registry& registry);
  Response handle(const Request& request);

 private:
  Webhooks(Append append, Clock& clock, prometheus::Registry& registry);
  Response deliver(const std::string& name, const Provider& provider, const Request& request);
  Response answer(const std::string& name, const std::string& outcome, int status,
                  const std::string& body);

  std::map<std::string, std::unique_ptr<Provider>> providers_;
  Append append_;
  Clock& clock_;
  prometheus::Family<prometheus::Counter>& outcomes_;
  prometheus::Family<prometheus::Counter>& auth_failures_;
};

}  // namespace backstay::intake

#pragma once

#include <vector>

#include "base/config_file.h"
#include "receiver/intake/provider.h"

namespace backstay {

// The list `webhooks` of receiver.yml, as docs/CONFIG.md describes it. Faults are noted at the
// node; the secrets are read once, so that a missing file shows here.
std::vector<intake::WebhookConfig> read_webhooks(ConfigNode& root);
// The list `trusted_proxies`: whose X-Forwarded-For and Forwarded are believed.
std::vector<IpNetwork> read_trusted_proxies(ConfigNode& root);

}  // namespace backstay

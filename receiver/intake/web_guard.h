#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <prometheus/collectable.h>

#include "base/basic_auth.h"
#include "receiver/intake/refusal_log.h"
#include "receiver/intake/server.h"
#include "receiver/intake/web_access.h"

namespace backstay::intake {

// Stands before every path but those of webhooks that ask for no password, as Prometheus' own
// exporters have it: asks for the password, tells the request whose it was, and adds the headers
// that the web configuration wants. The operator's socket is not behind it.
//
//   backstay_web_auth_failures_total{reason}
//   backstay_web_config_last_reload_successful, the certificates included
//   backstay_web_certificate_expires_timestamp_seconds
//
// Thread-safe.
class WebGuard final : public prometheus::Collectable {
 public:
  // Without a configuration everything passes.
  explicit WebGuard(WebAccess access) : access_(std::move(access)) {}

  Response handle(Request& request, const std::function<Response(const Request&)>& next);
  // Looks at the files as well, so that what is told of them is true without a new connection.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // The answer to those who may not pass.
  std::optional<Response> refuse(Request& request, const WebConfig& config);

  const WebAccess access_;
  BasicAuth auth_;
  SystemClock clock_;  // for the log alone
  RefusalLog refusals_;
};

}  // namespace backstay::intake

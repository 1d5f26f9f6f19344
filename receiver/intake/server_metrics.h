#pragma once

#include <vector>

#include <prometheus/collectable.h>

#include "receiver/intake/server.h"

namespace backstay::intake {

// What the server refused by itself, as counters; what the webhooks refused they count themselves.
// Thread-safe.
class ServerMetrics final : public prometheus::Collectable {
 public:
  explicit ServerMetrics(const Server& server) : server_(server) {}
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Server& server_;
};

}  // namespace backstay::intake

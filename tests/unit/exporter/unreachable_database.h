#pragma once

#include <string>

#include "base/secret.h"
#include "exporter/collectors/collector.h"

namespace backstay::collectors::test {

// Nobody listens on this port: each connection is refused at once.
inline SecretSource unreachable_database() {
  return SecretSource::literal(Secret("postgresql://nobody@127.0.0.1:1/none"));
}

// A collector that would bring nothing; there is no database to ask.
class NeverAsked final : public Collector {
 public:
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] Schedule schedule() const override { return {{}, {}, std::chrono::seconds(5)}; }
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection&, const pg::Limits&) override {
    return metrics::Families();
  }

 private:
  std::string name_ = "never_asked";
};

}  // namespace backstay::collectors::test

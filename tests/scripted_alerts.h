#pragma once

#include <functional>
#include <map>
#include <string>

#include "receiver/policy/prometheus_alerts.h"

namespace backstay::test {

// A Prometheus that says of every alert what the test says.
class ScriptedAlerts final : public AlertSource {
 public:
  AlertFacts ask(const std::string& alert,
                 const std::map<std::string, std::string>& labels) override {
    return on_ask(alert, labels);
  }
  void answer(const AlertFacts& facts) {
    on_ask = [facts](const auto&, const auto&) { return facts; };
  }
  static AlertFacts firing() { return {true, true, true, std::nullopt, ""}; }
  static AlertFacts clear() { return {true, false, true, std::nullopt, ""}; }
  static AlertFacts silent() { return {false, false, false, std::nullopt, "connection refused"}; }

  std::function<AlertFacts(const std::string&, const std::map<std::string, std::string>&)> on_ask =
      [](const auto&, const auto&) { return firing(); };
};

}  // namespace backstay::test

#pragma once

#include <functional>
#include <map>
#include <string>

#include "receiver/policy/prometheus_alerts.h"

namespace backstay::test {

// A Prometheus that says of every alert, and of every condition, what the test says.
class ScriptedAlerts final : public AlertSource {
 public:
  AlertFacts ask(const std::string& alert,
                 const std::map<std::string, std::string>& labels) override {
    return on_ask(alert, labels);
  }
  ConditionFacts ask_condition(const std::string& query) override {
    ConditionFacts facts = on_condition(query);
    facts.query = query;
    return facts;
  }
  void answer(const AlertFacts& facts) {
    on_ask = [facts](const auto&, const auto&) { return facts; };
  }
  static AlertFacts firing() { return {true, true, true, std::nullopt, ""}; }
  static AlertFacts clear() { return {true, false, true, std::nullopt, ""}; }
  static AlertFacts silent() { return {false, false, false, std::nullopt, "connection refused"}; }

  std::function<AlertFacts(const std::string&, const std::map<std::string, std::string>&)> on_ask =
      [](const auto&, const auto&) { return firing(); };

  static ConditionFacts met() { return {"", true, true, ""}; }
  static ConditionFacts not_met() { return {"", true, false, ""}; }
  static ConditionFacts unanswered() { return {"", false, false, "connection refused"}; }

  std::function<ConditionFacts(const std::string&)> on_condition = [](const auto&) {
    return met();
  };
};

}  // namespace backstay::test

#pragma once

#include <map>
#include <string>

#include "base/http_client.h"
#include "receiver/policy/policy.h"

namespace backstay {

// Asks Prometheus about an alert, or about a rule's condition; the seam where tests put their own
// answers.
class AlertSource {
 public:
  virtual ~AlertSource() = default;
  // labels: those the alert carries; an alert of the rule with other labels is not this one.
  virtual AlertFacts ask(const std::string& alert,
                         const std::map<std::string, std::string>& labels) = 0;
  // query: a rule's `when`.
  virtual ConditionFacts ask_condition(const std::string& query) = 0;
};

// Through /api/v1/rules, where the rule, its alerts and its annotations are, and /api/v1/query for
// the annotation data_query: a query that has a result whenever the alert can be judged. An alert
// that fires has data by itself. A rule without data_query that does not fire has none to show:
// then nothing is proven. https://prometheus.io/docs/prometheus/latest/querying/api/#rules
class PrometheusAlerts final : public AlertSource {
 public:
  PrometheusAlerts(std::string url, HttpClient& http) : url_(std::move(url)), http_(http) {}
  AlertFacts ask(const std::string& alert,
                 const std::map<std::string, std::string>& labels) override;
  ConditionFacts ask_condition(const std::string& query) override;

 private:
  Result<bool> has_result(const std::string& query,
                          const std::map<std::string, std::string>& labels);

  std::string url_;
  HttpClient& http_;
};

}  // namespace backstay

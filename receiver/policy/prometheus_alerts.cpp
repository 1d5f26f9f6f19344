#include "receiver/policy/prometheus_alerts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/json_text.h"
#include "receiver/policy/condition_query.h"
#include "receiver/policy/rules_answer.h"

namespace backstay {
namespace {

using nlohmann::json;

// Without labels nothing can be told from another service's: then the answer is not understood
// (an exception of the library).
const json::object_t& labels_of(const json& shown, const char* key = "labels") {
  return shown.at(key).get_ref<const json::object_t&>();
}

// Alertmanager and external_labels add labels that Prometheus' own list does not have, so every
// label that Prometheus shows must be on the event, not the reverse.
bool is_same_alert(const json& alert, const std::map<std::string, std::string>& labels) {
  const json::object_t& shown = labels_of(alert);
  // Each has its alertname; one with no label at all would be the same as any.
  return !shown.empty() && std::all_of(shown.begin(), shown.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && label.second == found->second;
  });
}

// All rules of the server and all their active alerts: in a storm that is far more than of other
// answers, and then it is needed most. (Prometheus 2.42 knows no filter by name.)
constexpr std::size_t kRulesBytesMax = 32 * 1024 * 1024;

// The rules of all groups that carry the alert's name: there may be one for each severity.
std::vector<json> rules_named(const json& answer, const std::string& alert) {
  std::vector<json> found;
  for (const json& group : answer.at("data").at("groups")) {
    for (const json& rule : group.at("rules")) {
      if (rule.value("name", "") == alert) found.push_back(rule);
    }
  }
  return found;
}

// A rule's own labels are on each of its alerts; a rule whose labels the event does not carry is
// for another severity.
bool is_rule_of(const json& rule, const std::map<std::string, std::string>& labels) {
  const json::object_t& own = labels_of(rule);
  return std::all_of(own.begin(), own.end(), [&](const auto& label) {
    const auto& value = label.second.template get_ref<const std::string&>();
    if (value.find("{{") != std::string::npos) return true;
    const auto found = labels.find(label.first);
    return found != labels.end() && value == found->second;
  });
}

// A series of another service says nothing about this alert's.
bool speaks_of(const json& series, const std::map<std::string, std::string>& labels) {
  const json::object_t& metric = labels_of(series, "metric");
  return std::all_of(metric.begin(), metric.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found == labels.end() || label.second == found->second;
  });
}

}  // namespace

Result<bool> PrometheusAlerts::has_result(const std::string& query,
                                          const std::map<std::string, std::string>& labels) {
  HttpRequest request;
  request.url = url_ + "/api/v1/query?query=" + percent_encode(query);
  const auto answer = http_.send(request);
  if (!answer) return fail(answer.error());
  if (answer->status != 200) return fail("data_query answers " + std::to_string(answer->status));
  const json result = parse_json(answer->body);
  const json& series = result.at("data").at("result");
  return std::any_of(series.begin(), series.end(),
                     [&](const json& one) { return speaks_of(one, labels); });
}

AlertFacts PrometheusAlerts::ask(const std::string& alert,
                                 const std::map<std::string, std::string>& labels) {
  AlertFacts facts;
  HttpRequest request;
  request.url = url_ + "/api/v1/rules?type=alert";
  request.response_bytes_max = kRulesBytesMax;
  const auto answer = http_.send(request);
  if (!answer) {
    facts.problem = answer.error().message;
    return facts;
  }
  if (answer->status != 200) {
    facts.problem = "Prometheus answers " + std::to_string(answer->status);
    return facts;
  }
  try {
    std::vector<json> rules = rules_named(parse_rules_answer(answer->body, alert), alert);
    rules.erase(std::remove_if(rules.begin(), rules.end(),
                               [&](const json& rule) { return !is_rule_of(rule, labels); }),
                rules.end());
    if (rules.empty()) {
      facts.problem = "Prometheus has no alerting rule of that name and labels";
      return facts;
    }
    for (const json& rule : rules) {
      const std::string health = rule.value("health", "");
      if (health == "err" || health == "unknown") {
        facts.problem = health == "err" ? "Prometheus cannot evaluate the rule"
                                        : "Prometheus has not evaluated the rule yet";
        return facts;
      }
      for (const json& active : rule.at("alerts")) {
        if (!is_same_alert(active, labels)) continue;
        // A pending alert is not clear: its condition holds.
        facts.firing = true;
        facts.has_data = true;
        // There may be several: of two rules of one name, or with labels that the event has too.
        const auto since = parse_rfc3339(active.value("activeAt", ""));
        if (since) facts.active_at = std::min(facts.active_at.value_or(*since), *since);
      }
      const json annotations = rule.value("annotations", json::object());
      if (facts.has_data || !annotations.contains("data_query")) continue;
      const auto data = has_result(annotations.at("data_query").get<std::string>(), labels);
      if (!data) {
        facts.problem = data.error().message;
        return facts;
      }
      facts.has_data = *data;
    }
    facts.known = true;
  } catch (const json::exception&) {
    facts.problem = "Prometheus' answer is not what its API promises";
  }
  return facts;
}

ConditionFacts PrometheusAlerts::ask_condition(const std::string& query) {
  return backstay::ask_condition(http_, url_, query);
}

}  // namespace backstay

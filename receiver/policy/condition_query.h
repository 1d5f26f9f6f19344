#pragma once

#include <string>

#include "base/http_client.h"
#include "receiver/policy/policy.h"

namespace backstay {

// Asks Prometheus whether a rule's condition has a result now: a vector or a matrix with at least
// one sample, whatever its value. Not known where there is no answer, where Prometheus cannot
// evaluate it, and where it is a scalar or a string, which always have a value. `url` is
// Prometheus'. https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
ConditionFacts ask_condition(HttpClient& http, const std::string& url, const std::string& query);

}  // namespace backstay

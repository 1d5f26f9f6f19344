#include "receiver/policy/condition_query.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "receiver/json_text.h"

namespace backstay {
namespace {

using nlohmann::json;

// One series for each thing that a service has, and no more, is what a condition looks at.
constexpr std::size_t kAnswerBytesMax = 4 * 1024 * 1024;
// Of Prometheus' own words about a query that it cannot evaluate.
constexpr std::size_t kErrorBytesMax = 300;
// Of a series of a vector, and of a matrix, where they are numbers and where histograms.
constexpr std::array<const char*, 4> kSamples{"value", "histogram", "values", "histograms"};

// One that is not as it is promised to be is not understood (an exception of the library).
bool has_sample(const json& series) {
  static_cast<void>(series.at("metric"));
  return std::any_of(kSamples.begin(), kSamples.end(), [&](const char* key) {
    const auto found = series.find(key);
    return found != series.end() && found->is_array() && !found->empty();
  });
}

void read_result(const json& answer, ConditionFacts& facts) {
  if (answer.at("status") != "success") {
    facts.problem = "Prometheus' answer is no success";
    return;
  }
  const json& data = answer.at("data");
  const std::string type = data.at("resultType").get<std::string>();
  if (type == "scalar" || type == "string") {
    facts.is_hopeless = true;
    facts.problem = "it is a " + type +
                    ", which always has a value: only a vector can have no result, as that of "
                    "vector(time()) > 0";
    return;
  }
  if (type != "vector" && type != "matrix") {
    facts.problem = "Prometheus' answer is not what its API promises";
    return;
  }
  const auto& series = data.at("result").get_ref<const json::array_t&>();
  facts.met = std::any_of(series.begin(), series.end(), has_sample);
  facts.known = true;
}

// "parse error: unclosed left parenthesis" helps whoever wrote the rule.
std::string described(const HttpResponse& answer) {
  std::string told = "Prometheus answers " + std::to_string(answer.status);
  const json said = parse_json(answer.body);
  if (!said.is_object()) return told;
  const auto error = said.find("error");
  if (error == said.end() || !error->is_string()) return told;
  const auto& why = error->get_ref<const std::string&>();
  return told + ": " + valid_utf8(why.substr(0, kErrorBytesMax)) +
         (why.size() > kErrorBytesMax ? "…" : "");
}

}  // namespace

ConditionFacts ask_condition(HttpClient& http, const std::string& url, const std::string& query) {
  ConditionFacts facts;
  facts.query = query;
  HttpRequest request;
  request.method = "POST";  // an address may be too short for it
  request.url = url + "/api/v1/query";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "query=" + percent_encode(query);
  request.response_bytes_max = kAnswerBytesMax;
  const auto answer = http.send(request);
  if (!answer) {
    facts.problem = answer.error().message;
  } else if (answer->status != 200) {
    facts.problem = described(*answer);
    facts.is_hopeless = answer->status == 400 || answer->status == 422;  // the query itself
  } else {
    try {
      read_result(parse_json(answer->body), facts);
    } catch (const json::exception&) {
      facts.problem = "Prometheus' answer is not what its API promises";
    }
  }
  return facts;
}

}  // namespace backstay

// How long 100,000 counters with three labels take to be written, beside prometheus-cpp's
// serializer on the same data. Prints one line for each: name, milliseconds of CPU (the median),
// bytes. tests/bench/exposition_bench.py makes a table of it.

#include "exporter/metrics/exposition.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <prometheus/text_serializer.h>

#include "exporter/web/gzip.h"

namespace {

using namespace backstay::metrics;

constexpr int kSeries = 100'000;
constexpr int kRounds = 21;

std::vector<Labels::Pair> labels_of(int number) {
  return {{"customer", "customer-" + std::to_string(number)},
          {"method", number % 2 == 0 ? "GET" : "POST"},
          {"route", "/api/v1/orders/" + std::to_string(number % 100)}};
}

double value_of(int number, bool is_whole) {
  return is_whole ? 7919.0 * number : 0.37 * number + 1.0 / 3;
}

Snapshot families(bool is_whole) {
  Family family{"api_calls_total", "Calls of the API.", Type::counter, {}};
  for (int n = 0; n < kSeries; ++n) {
    family.samples.push_back({Labels(labels_of(n)), value_of(n, is_whole), {}});
  }
  return Snapshot({std::move(family)});
}

std::vector<prometheus::MetricFamily> families_of_prometheus_cpp(bool is_whole) {
  prometheus::MetricFamily family{
      "api_calls_total", "Calls of the API.", prometheus::MetricType::Counter, {}};
  for (int n = 0; n < kSeries; ++n) {
    prometheus::ClientMetric metric;
    for (auto& [name, value] : labels_of(n)) metric.label.push_back({name, value});
    metric.counter.value = value_of(n, is_whole);
    family.metric.push_back(std::move(metric));
  }
  return {std::move(family)};
}

// Of this thread: what others do on the machine is not ours to measure.
double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

void measure(const std::string& name, const std::function<std::string()>& run) {
  std::vector<double> milliseconds;
  std::size_t bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double begun = cpu_milliseconds();
    const std::string text = run();
    milliseconds.push_back(cpu_milliseconds() - begun);
    bytes = text.size();
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::cout << name << '\t' << milliseconds[kRounds / 2] << '\t' << bytes << '\n';
}

}  // namespace

int main() {
  for (const bool is_whole : {true, false}) {
    const std::string of = is_whole ? ", whole numbers" : ", fractions";
    const Snapshot ours = families(is_whole);
    measure("text" + of, [&ours]() { return expose({ours}, Format::text).text; });
    measure("OpenMetrics" + of, [&ours]() { return expose({ours}, Format::openmetrics).text; });
    const std::string page = expose({ours}, Format::openmetrics).text;
    measure("gzip on top" + of, [&page]() { return backstay::web::gzip(page); });
    const auto theirs = families_of_prometheus_cpp(is_whole);
    measure("prometheus-cpp" + of, [&theirs]() {
      std::ostringstream out;
      prometheus::TextSerializer().Serialize(out, theirs);
      return out.str();
    });
  }
  return 0;
}

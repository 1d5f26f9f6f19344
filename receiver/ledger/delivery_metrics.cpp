#include "receiver/ledger/delivery_metrics.h"

#include <array>
#include <limits>
#include <string>

#include "base/metric_family.h"
#include "receiver/journal/duration_totals.h"

namespace backstay {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array<const char*, 3> kPurposes{"planned", "rework", "rollback"};

// One that never happened is 0: a counter that is born with its first event shows no increase.
MetricFamily by_purpose(const journal::Transaction& tx, MetricFamily family, const char* total) {
  for (const char* purpose : kPurposes) {
    journal::Statement row =
        tx.prepare("SELECT total FROM totals WHERE name = ? AND first = ? AND second = ''");
    const bool is_there = row.bind(total).bind(purpose).next();
    add_sample(family, {{"kind", purpose}}, is_there ? static_cast<double>(row.integer(0)) : 0);
  }
  return family;
}

MetricFamily histogram(const journal::Transaction& tx, MetricFamily family,
                       const journal::DurationSeries& series) {
  const journal::DurationTotals totals = read_durations(tx, series);
  ClientMetric metric;
  for (std::size_t i = 0; i < series.bounds.size(); ++i) {
    metric.histogram.bucket.push_back(
        {totals.cumulative[i], static_cast<double>(series.bounds[i])});
  }
  metric.histogram.bucket.push_back({totals.count, std::numeric_limits<double>::infinity()});
  metric.histogram.sample_count = totals.count;
  metric.histogram.sample_sum = totals.sum_seconds;
  family.metric.push_back(metric);
  return family;
}

}  // namespace

std::vector<MetricFamily> delivery_metrics(const journal::Transaction& tx) {
  return {
      by_purpose(tx,
                 metric_family("deployments_total", "Releases that went live in production.",
                               MetricType::Counter),
                 "deployments"),
      by_purpose(tx,
                 metric_family("deployment_failures_total",
                               "Deployments that someone or something had to step in for.",
                               MetricType::Counter),
                 "deployment_failures"),
      histogram(
          tx,
          metric_family("change_lead_time_seconds",
                        "From a commit to the release with it going live.", MetricType::Histogram),
          journal::change_lead_time()),
      histogram(tx,
                metric_family("failed_deployment_recovery_seconds",
                              "From a bad release going live to the next one verified.",
                              MetricType::Histogram),
                journal::failed_deployment_recovery()),
  };
}

}  // namespace backstay

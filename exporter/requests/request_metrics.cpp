#include "exporter/requests/request_metrics.h"

#include <algorithm>

namespace backstay::requests {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr std::string_view kOther = "other";
constexpr std::string_view kUnmatched = "unmatched";

std::string_view known_method(std::string_view method) {
  const bool is_known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  return is_known ? method : "_OTHER";
}

std::size_t bucket_of(double seconds) {
  return static_cast<std::size_t>(
      std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds) -
      kDurationBounds.begin());
}

}  // namespace

RequestMetrics::RequestMetrics(Routes routes, std::size_t series_max)
    : routes_(std::move(routes)), series_max_(series_max) {}

// The series for this label set; where it would be one too many, that of the overflow.
RequestMetrics::Series& RequestMetrics::series_for(std::string_view method, int status,
                                                   std::string_view route) {
  const auto known = series_.find(Key{std::string(method), std::string(route)});
  const bool is_new_status = known == series_.end() || known->second.by_status.count(status) == 0;
  if (!is_new_status) return known->second;
  if (known == series_.end() && status == 404 && route != kUnmatched) {
    return series_for(method, status, kUnmatched);
  }
  // The overflow's own label sets are bounded by methods and statuses, so they may always be made.
  const bool is_bounded = route == kOther || route == kUnmatched;
  if (label_sets_ >= series_max_ && !is_bounded) {
    ++overflowed_;
    return series_for(method, status, kOther);
  }
  ++label_sets_;
  return series_[Key{std::string(method), std::string(route)}];
}

void RequestMetrics::observe(const formats::AccessEvent& event) {
  const MutexLock lock(mutex_);
  routes_.fold(event.target, route_);
  Series& series = series_for(known_method(event.method), event.status, route_);
  ++series.by_status[event.status];
  if (!event.duration_seconds) return;
  Durations& durations = series.by_class[event.status / 100];
  ++durations.counts[bucket_of(*event.duration_seconds)];
  durations.sum += *event.duration_seconds;
}

metrics::Families RequestMetrics::families() const {
  metrics::Family requests{
      "http_server_requests_total", "Requests that were answered.", metrics::Type::counter, {}};
  metrics::Family durations{"http_server_request_duration_seconds",
                            "Time from a request to its answer, in seconds.",
                            metrics::Type::histogram,
                            {}};
  metrics::Family overflow{"backstay_requests_overflow_total",
                           "Requests counted under the route other, because requests.max_series "
                           "label sets were there already.",
                           metrics::Type::counter,
                           {}};
  const MutexLock lock(mutex_);
  for (const auto& [key, series] : series_) {
    const metrics::Labels labels{{"http_request_method", key.method}, {"http_route", key.route}};
    for (const auto& [status, count] : series.by_status) {
      metrics::Sample sample{labels, static_cast<double>(count), {}};
      sample.labels.emplace_back("http_response_status_code", std::to_string(status));
      requests.samples.push_back(std::move(sample));
    }
    for (const auto& [status_class, observed] : series.by_class) {
      metrics::Sample sample{labels, 0, {}};
      sample.labels.emplace_back("http_response_status_class", std::to_string(status_class) + "xx");
      for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
        sample.histogram.count += observed.counts[i];
        sample.histogram.buckets.emplace_back(kDurationBounds[i], sample.histogram.count);
      }
      sample.histogram.count += observed.counts.back();
      sample.histogram.sum = observed.sum;
      durations.samples.push_back(std::move(sample));
    }
  }
  overflow.samples.push_back({{}, static_cast<double>(overflowed_), {}});
  return {std::move(requests), std::move(durations), std::move(overflow)};
}

}  // namespace backstay::requests

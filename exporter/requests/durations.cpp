#include "exporter/requests/durations.h"

namespace backstay::requests {
namespace {

// An exemplar has at most 128 characters, with the label's name.
constexpr std::size_t kRequestIdBytesMax = 100;

}  // namespace

void Durations::observe(double seconds, std::string_view request_id, std::int64_t time_ms) {
  // All of them are compared, since a jump that is foreseen wrongly costs more than twelve that are
  // none.
  std::size_t bucket = 0;
  for (const double bound : kDurationBounds) bucket += seconds > bound ? 1 : 0;
  ++counts_[bucket];
  sum_ += seconds;
  if (request_id.empty() || request_id.size() > kRequestIdBytesMax) return;
  seen_.resize(kBuckets);
  Seen& seen = seen_[bucket];
  seen.request_id = request_id;
  seen.seconds = seconds;
  seen.time_ms = time_ms;
}

void Durations::merge(const Durations& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  sum_ += other.sum_;
  if (!other.seen_.empty()) seen_.resize(kBuckets);
  for (std::size_t i = 0; i < other.seen_.size(); ++i) {
    if (!other.seen_[i].request_id.empty()) seen_[i] = other.seen_[i];
  }
}

std::shared_ptr<const std::vector<metrics::Exemplar>> Durations::exemplars() const {
  if (seen_.empty()) return nullptr;
  auto exemplars = std::make_shared<std::vector<metrics::Exemplar>>(kBuckets);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const Seen& seen = seen_[i];
    if (seen.request_id.empty()) continue;
    (*exemplars)[i] = {metrics::Labels{{"request_id", seen.request_id}}, seen.seconds,
                       static_cast<double>(seen.time_ms) / 1000};
  }
  return exemplars;
}

metrics::Histogram Durations::histogram() const {
  metrics::Histogram histogram;
  histogram.buckets.reserve(kDurationBounds.size());
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
    histogram.count += counts_[i];
    histogram.buckets.emplace_back(kDurationBounds[i], histogram.count);
  }
  histogram.count += counts_.back();
  histogram.sum = sum_;
  histogram.exemplars = exemplars();
  return histogram;
}

void Durations::save(RecordWriter& to) const {
  for (const std::uint64_t count : counts_) to.number(count);
  to.real(sum_);
}

void Durations::load(RecordReader& from) {
  for (std::uint64_t& count : counts_) count = from.number();
  sum_ = from.real();
}

}  // namespace backstay::requests

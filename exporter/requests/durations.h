#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"
#include "exporter/metrics/family.h"

namespace backstay::requests {

// Upper bounds in seconds: OpenTelemetry's for HTTP servers, and the thresholds of the alerts.
inline constexpr std::array<double, 12> kDurationBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                        0.5,   1,    2,     3,    5,   10};

// How long requests took, in those buckets, and of each bucket the last request whose id is known.
class Durations {
 public:
  // The id may be empty.
  void observe(double seconds, std::string_view request_id, std::int64_t time_ms);
  void merge(const Durations& other);
  [[nodiscard]] metrics::Histogram histogram() const;
  // Without the requests' ids.
  void save(RecordWriter& to) const;
  void load(RecordReader& from);

 private:
  static constexpr std::size_t kBuckets = kDurationBounds.size() + 1;
  struct Seen {
    std::string request_id;
    double seconds = 0;
    std::int64_t time_ms = 0;
  };
  [[nodiscard]] std::shared_ptr<const std::vector<metrics::Exemplar>> exemplars() const;

  std::array<std::uint64_t, kBuckets> counts_{};
  double sum_ = 0;
  std::vector<Seen> seen_;  // one a bucket, or none where no id was ever seen
};

}  // namespace backstay::requests

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/mutex.h"
#include "exporter/formats/access_event.h"
#include "exporter/metrics/source.h"
#include "exporter/requests/routes.h"

namespace backstay::requests {

// Upper bounds in seconds: OpenTelemetry's for HTTP servers, and the thresholds of the alerts.
inline constexpr std::array<double, 12> kDurationBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                        0.5,   1,    2,     3,    5,   10};

// Counts requests:
//   http_server_requests_total{http_request_method, http_route, http_response_status_code}
//   http_server_request_duration_seconds{http_request_method, http_route,
//   http_response_status_class}
// in bounded memory: at series_max label sets all further ones are counted under the route "other",
// so that totals stay exact and counters never go back. A path that has only ever been answered 404
// is no route: it counts under "unmatched", or scanners would make routes at will. Unknown methods
// are
// "_OTHER". Thread-safe.
class RequestMetrics final : public metrics::Source {
 public:
  RequestMetrics(Routes routes, std::size_t series_max);
  void observe(const formats::AccessEvent& event) EXCLUDES(mutex_);
  [[nodiscard]] metrics::Families families() const override EXCLUDES(mutex_);

 private:
  struct Durations {
    std::array<std::uint64_t, kDurationBounds.size() + 1> counts{};
    double sum = 0;
  };
  // One method on one route.
  struct Series {
    std::map<int, std::uint64_t> by_status;
    std::map<int, Durations> by_class;  // 2 for 2xx
  };
  struct Key {
    std::string method;
    std::string route;
    bool operator<(const Key& other) const {
      return std::tie(route, method) < std::tie(other.route, other.method);
    }
  };

  Series& series_for(std::string_view method, int status, std::string_view route) REQUIRES(mutex_);

  const Routes routes_;
  const std::size_t series_max_;
  mutable Mutex mutex_;
  std::map<Key, Series> series_ GUARDED_BY(mutex_);
  std::size_t label_sets_ GUARDED_BY(mutex_) = 0;
  std::uint64_t overflowed_ GUARDED_BY(mutex_) = 0;
  std::string route_ GUARDED_BY(mutex_);  // used again from call to call
};

}  // namespace backstay::requests

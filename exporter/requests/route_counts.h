#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/record.h"
#include "exporter/formats/access_event.h"
#include "exporter/metrics/labels.h"
#include "exporter/requests/durations.h"
#include "exporter/requests/windowed_durations.h"

namespace backstay::requests {

struct StatusCount {
  int status = 0;
  std::uint64_t count = 0;
  metrics::Labels labels;  // ready for a scrape
};

// All about one method on one route. A plain value.
class RouteCounts {
 public:
  RouteCounts(std::string method, std::string route, bool is_given);

  // Adds a request; of its status there must be a count.
  void observe(const formats::AccessEvent& event, StatusCount& count, double slow_seconds,
               std::int64_t time_ms);
  // The count of this status, if there is one.
  StatusCount* find(int status);
  StatusCount& add(int status);
  // Everything but the counts by status.
  void merge_rest(const RouteCounts& other);

  void save(RecordWriter& to) const;
  static RouteCounts load(RecordReader& from);

  const std::string method;
  const std::string route;
  const bool is_given;           // by a template or by the source; else learned from paths
  const metrics::Labels labels;  // method and route
  std::vector<StatusCount> statuses;
  struct OfClass {
    metrics::Labels labels;
    Durations durations;
  };
  std::array<std::unique_ptr<OfClass>, 5> classes;  // 1xx to 5xx, where durations are known
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t slow = 0;
  WindowedDurations window;  // is not saved: it is large, and soon there again

 private:
  OfClass& of_class(int status_class);
};

}  // namespace backstay::requests

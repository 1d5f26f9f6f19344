#pragma once

#include <optional>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/registry.h>

#include "base/descriptor.h"

namespace backstay {

// The version that is compiled in, for --version and build_info.
std::string version();

// What a daemon says about its own process, under the names every Prometheus client uses:
// process_cpu_seconds_total, process_open_fds, process_max_fds, process_virtual_memory_bytes,
// process_resident_memory_bytes, process_start_time_seconds. Asked of the kernel at each Collect(),
// as cheaply as it can be; what cannot be read is absent. Thread-safe.
class ProcessCollector final : public prometheus::Collectable {
 public:
  ProcessCollector();
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::optional<double> start_seconds_;
  const Descriptor statm_;  // kept open: each read of it is made anew
};

// backstay_build_info{program, version, compiler} 1
void register_build_info(prometheus::Registry& registry, const std::string& program);

}  // namespace backstay

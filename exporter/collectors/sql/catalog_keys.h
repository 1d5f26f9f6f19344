#pragma once

#include <string>
#include <vector>

#include "base/config_file.h"
#include "exporter/collectors/collector.h"

namespace backstay::collectors {

// Keys that several kinds of catalog entries have. Faults are noted at the node.

// name: https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
std::string read_metric_name(ConfigNode& entry);

// Notes a name that Prometheus would not take, and one that is there twice: either would fail a
// whole scrape.
void check_label_names(ConfigNode& entry, const std::vector<std::string>& names);

// buckets: upper bounds of a histogram, rising, without +Inf. Needed by a histogram, and by nothing
// else.
std::vector<double> read_buckets(ConfigNode& entry, bool is_histogram);

// interval, max_age (default: five intervals) and timeout, where the entry does not say `defaults`.
Schedule read_schedule(ConfigNode& entry, const Schedule& defaults);

}  // namespace backstay::collectors

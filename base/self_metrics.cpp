#include "base/self_metrics.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <prometheus/gauge.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/metric_family.h"

namespace backstay {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// What /proc/self/stat says, by its field numbers in proc(5).
struct ProcessStat {
  double cpu_seconds = 0;     // fields 14 and 15
  double start_ticks = 0;     // field 22
  double virtual_bytes = 0;   // field 23
  double resident_bytes = 0;  // field 24
};

std::optional<ProcessStat> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  // The name, field 2, may hold blanks and brackets: what follows begins after the last ')'.
  const std::size_t name_end = text.rfind(')');
  if (!file || name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  std::vector<std::string> fields{"", "", ""};  // so that fields[n] is field n
  for (std::string field; rest >> field;) fields.push_back(field);
  if (fields.size() < 25) return std::nullopt;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessStat stat;
  stat.cpu_seconds = (std::stod(fields[14]) + std::stod(fields[15])) / ticks;
  stat.start_ticks = std::stod(fields[22]) / ticks;
  stat.virtual_bytes = std::stod(fields[23]);
  stat.resident_bytes = std::stod(fields[24]) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return stat;
}

std::optional<double> boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  std::error_code error;
  std::int64_t count = -1;  // the folder's own descriptor
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  return error ? std::nullopt : std::optional(static_cast<double>(count));
}

}  // namespace

std::string version() { return BACKSTAY_VERSION; }

ProcessCollector::ProcessCollector() = default;

std::vector<MetricFamily> ProcessCollector::Collect() const {
  std::vector<MetricFamily> families;
  if (const auto stat = read_stat()) {
    families.push_back(single_metric("process_cpu_seconds_total",
                                     "Total user and system CPU time spent in seconds.",
                                     MetricType::Counter, stat->cpu_seconds));
    families.push_back(single_metric("process_virtual_memory_bytes",
                                     "Virtual memory size in bytes.", MetricType::Gauge,
                                     stat->virtual_bytes));
    families.push_back(single_metric("process_resident_memory_bytes",
                                     "Resident memory size in bytes.", MetricType::Gauge,
                                     stat->resident_bytes));
    if (const auto boot = boot_time_seconds()) {
      families.push_back(single_metric("process_start_time_seconds",
                                       "Start time of the process since unix epoch in seconds.",
                                       MetricType::Gauge, *boot + stat->start_ticks));
    }
  }
  if (const auto open = open_descriptors()) {
    families.push_back(single_metric("process_open_fds", "Number of open file descriptors.",
                                     MetricType::Gauge, *open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(single_metric("process_max_fds", "Maximum number of open file descriptors.",
                                     MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

void register_build_info(prometheus::Registry& registry, const std::string& program) {
  prometheus::BuildGauge()
      .Name("backstay_build_info")
      .Help("A constant 1, labelled with what was built.")
      .Register(registry)
      .Add({{"program", program}, {"version", version()}, {"compiler", __VERSION__}})
      .Set(1);
}

}  // namespace backstay

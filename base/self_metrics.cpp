#include "base/self_metrics.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <prometheus/gauge.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/metric_family.h"

namespace backstay {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::optional<double> cpu_seconds() {
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return std::nullopt;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

// Field 22 of /proc/self/stat, after the system's start.
std::optional<double> start_ticks() {
  constexpr int kFieldsBefore = 19;
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  // The name, field 2, may hold blanks and brackets: what follows begins after the last ')'.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int i = 0; i < kFieldsBefore; ++i) rest >> field;
  double ticks = 0;
  return rest >> ticks ? std::optional(ticks) : std::nullopt;
}

std::optional<double> boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return std::nullopt;
}

std::optional<double> start_seconds() {
  const auto ticks = start_ticks();
  const auto boot = boot_time_seconds();
  if (!ticks || !boot) return std::nullopt;
  return *boot + *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Memory {
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

// /proc/self/statm begins with both, in pages.
std::optional<Memory> memory(const Descriptor& statm) {
  std::array<char, 128> text{};
  const ssize_t length = pread(statm.get(), text.data(), text.size(), 0);
  if (length <= 0) return std::nullopt;
  const char* end = text.data() + length;
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  const auto first = std::from_chars(text.data(), end, size);
  if (first.ec != std::errc() || first.ptr == end) return std::nullopt;
  if (std::from_chars(first.ptr + 1, end, resident).ec != std::errc()) return std::nullopt;
  const double page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return Memory{static_cast<double>(size) * page_bytes, static_cast<double>(resident) * page_bytes};
}

std::optional<double> open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return std::nullopt;
  constexpr int kNoDescriptors = 3;  // ".", "..", and the folder's own
  int count = -kNoDescriptors;
  while (readdir(folder.get()) != nullptr) ++count;
  return count;
}

}  // namespace

std::string version() { return BACKSTAY_VERSION; }

ProcessCollector::ProcessCollector()
    : start_seconds_(start_seconds()), statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

std::vector<MetricFamily> ProcessCollector::Collect() const {
  std::vector<MetricFamily> families;
  if (const auto seconds = cpu_seconds()) {
    families.push_back(single_metric("process_cpu_seconds_total",
                                     "Total user and system CPU time spent in seconds.",
                                     MetricType::Counter, *seconds));
  }
  if (const auto used = memory(statm_)) {
    families.push_back(single_metric("process_virtual_memory_bytes",
                                     "Virtual memory size in bytes.", MetricType::Gauge,
                                     used->virtual_bytes));
    families.push_back(single_metric("process_resident_memory_bytes",
                                     "Resident memory size in bytes.", MetricType::Gauge,
                                     used->resident_bytes));
  }
  if (start_seconds_) {
    families.push_back(single_metric("process_start_time_seconds",
                                     "Start time of the process since unix epoch in seconds.",
                                     MetricType::Gauge, *start_seconds_));
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

#include "base/self_metrics.h"

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace backstay {
namespace {

using prometheus::MetricType;

// The samples without labels, by name.
std::map<std::string, double> collect() {
  std::map<std::string, double> values;
  for (const auto& family : ProcessCollector().Collect()) {
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.metric.size(), 1U) << family.name;
    const auto& sample = family.metric.front();
    const bool is_counter = family.type == MetricType::Counter;
    values[family.name] = is_counter ? sample.counter.value : sample.gauge.value;
  }
  return values;
}

TEST(ProcessCollector, HasTheNamesOfEveryPrometheusClient) {
  std::vector<std::string> names;
  for (const auto& [name, value] : collect()) {
    names.push_back(name);
    EXPECT_GE(value, 0) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"process_cpu_seconds_total", "process_max_fds",
                                             "process_open_fds", "process_resident_memory_bytes",
                                             "process_start_time_seconds",
                                             "process_virtual_memory_bytes"}));
}

TEST(ProcessCollector, CountsOpenDescriptors) {
  const double before = collect()["process_open_fds"];
  const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int second = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(collect()["process_open_fds"], before + 2);
  ::close(first);
  ::close(second);
  EXPECT_EQ(collect()["process_open_fds"], before);
}

double cpu_seconds_by_rusage() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

TEST(ProcessCollector, CountsTheTimeOfAllThreads) {
  constexpr double kClocksMayDiffer = 0.05;
  std::thread([]() {
    const double begun = cpu_seconds_by_rusage();
    while (cpu_seconds_by_rusage() < begun + 2 * kClocksMayDiffer) {
    }
  }).join();
  const double before = cpu_seconds_by_rusage();
  const double said = collect()["process_cpu_seconds_total"];
  EXPECT_GE(said, before - kClocksMayDiffer);
  EXPECT_LE(said, cpu_seconds_by_rusage() + kClocksMayDiffer);
}

TEST(ProcessCollector, SaysHowMuchMemoryIsUsedNow) {
  constexpr std::size_t kBytes = 64 << 20;
  const ProcessCollector collector;
  const auto bytes = [&collector](const std::string& name) {
    for (const auto& family : collector.Collect()) {
      if (family.name == name) return family.metric.front().gauge.value;
    }
    return 0.0;
  };
  const double virtual_before = bytes("process_virtual_memory_bytes");
  const double resident_before = bytes("process_resident_memory_bytes");
  const std::vector<char> taken(kBytes, 'x');
  EXPECT_GT(bytes("process_virtual_memory_bytes"), virtual_before + kBytes / 2);
  EXPECT_GT(bytes("process_resident_memory_bytes"), resident_before + kBytes / 2);
}

TEST(ProcessCollector, IsNotMisledByTheProgramsName) {
  ::prctl(PR_SET_NAME, ") R 1 (x");
  const auto values = collect();
  ::prctl(PR_SET_NAME, "unit_base");
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  ASSERT_EQ(values.count("process_start_time_seconds"), 1U);
  EXPECT_LE(values.at("process_start_time_seconds"), now + 1);
  EXPECT_GT(values.at("process_start_time_seconds"), now - 86'400);
  EXPECT_GT(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
}

TEST(BuildInfo, SaysWhatWasBuilt) {
  prometheus::Registry registry;
  register_build_info(registry, "backstay-exporter");
  const auto families = registry.Collect();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].name, "backstay_build_info");
  ASSERT_EQ(families[0].metric.size(), 1U);
  EXPECT_EQ(families[0].metric[0].gauge.value, 1);
  std::map<std::string, std::string> labels;
  for (const auto& label : families[0].metric[0].label) labels[label.name] = label.value;
  EXPECT_EQ(labels["program"], "backstay-exporter");
  EXPECT_EQ(labels["version"], version());
  EXPECT_FALSE(labels["compiler"].empty());
  EXPECT_FALSE(version().empty());
}

}  // namespace
}  // namespace backstay

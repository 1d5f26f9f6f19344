#include "base/self_metrics.h"

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
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

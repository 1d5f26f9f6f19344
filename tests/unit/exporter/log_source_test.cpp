#include "exporter/sources/log_source.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

struct LogSourceTest : ::testing::Test {
  void write(const std::string& text) { std::ofstream(path, std::ios::app) << text; }
  static std::string line(const std::string& request, const std::string& status = "200") {
    return "10.0.0.1 - - [23/Nov/2026:08:13:04 +0000] \"" + request + "\" " + status +
           " 5 \"-\" \"curl\" 0.010\n";
  }
  // One value of one family; with a reason, that of its label.
  static double value(const metrics::Families& families, const std::string& name,
                      const std::string& reason = "") {
    for (const metrics::Family& family : families) {
      if (family.name != name) continue;
      for (const metrics::Sample& sample : family.samples) {
        if (reason.empty() || sample.labels.back().second == reason) return sample.value;
      }
    }
    ADD_FAILURE() << "no " << name << " " << reason;
    return -1;
  }
  double requests() const {
    double sum = 0;
    const metrics::Families families = metrics.families();
    for (const metrics::Sample& sample : families.front().samples) sum += sample.value;
    return sum;
  }

  test::TemporaryFolder folder;
  std::string path = folder.path("access.log");
  test::ManualClock clock;
  requests::RequestMetrics metrics{requests::Routes({}), 100};
};

TEST_F(LogSourceTest, CountsWhatBecameOfEachLine) {
  write(line("GET /a HTTP/1.1") + line("GET /a HTTP/1.1", "abc") + "\nrubbish\n" +
        line("-", "400"));
  write(std::string(formats::kLineBytesMax + 1, 'x') + "\n" + line("GET /b HTTP/1.1"));
  LogSource source(path, LogTail::From::start, metrics, clock);
  ASSERT_TRUE(source.read_whole());
  const metrics::Families families = source.families();
  EXPECT_EQ(value(families, "backstay_log_lines_total"), 7);
  const std::string rejected = "backstay_log_lines_rejected_total";
  EXPECT_EQ(value(families, rejected, "bad_status"), 1);
  EXPECT_EQ(value(families, rejected, "empty"), 1);
  EXPECT_EQ(value(families, rejected, "no_time"), 1);
  EXPECT_EQ(value(families, rejected, "bad_request_line"), 1);
  EXPECT_EQ(value(families, rejected, "too_long"), 1);
  EXPECT_EQ(value(families, rejected, "control_characters"), 0);
  EXPECT_EQ(requests(), 2);
}

// A counter that appears with its first event has no increase that Prometheus could see.
TEST_F(LogSourceTest, EveryReasonIsThereFromTheStart) {
  write("");
  const LogSource source(path, LogTail::From::end, metrics, clock);
  for (const metrics::Family& family : source.families()) {
    const bool is_rejected = family.name == "backstay_log_lines_rejected_total";
    EXPECT_EQ(family.samples.size(), is_rejected ? formats::kRejectReasons : 1) << family.name;
    for (const metrics::Sample& sample : family.samples) {
      EXPECT_EQ(sample.labels.front(), std::make_pair(std::string("source"), path));
    }
  }
}

TEST_F(LogSourceTest, ReadsALastLineWithoutNewline) {
  const std::string text = line("GET /a HTTP/1.1") + line("GET /b HTTP/1.1");
  write(text.substr(0, text.size() - 1));
  LogSource source(path, LogTail::From::start, metrics, clock);
  ASSERT_TRUE(source.read_whole());
  EXPECT_EQ(requests(), 2);
  EXPECT_EQ(value(source.families(), "backstay_log_lines_total"), 2);
}

TEST_F(LogSourceTest, ALogThatCannotBeReadIsNamed) {
  LogSource missing(path, LogTail::From::start, metrics, clock);
  const auto read = missing.read_whole();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find(path), std::string::npos);
  EXPECT_EQ(value(missing.families(), "backstay_log_readable"), 0);
  LogSource directory(folder.path(), LogTail::From::start, metrics, clock);
  EXPECT_FALSE(directory.read_whole());
}

TEST_F(LogSourceTest, FollowsUntilItIsStopped) {
  write("");
  // Stops the source in its second round, and writes before it.
  class StoppingClock final : public Clock {
   public:
    explicit StoppingClock(LogSourceTest& test) : test_(test) {}
    WallTime now() const override { return {}; }
    SteadyTime steady() const override { return {}; }
    bool sleep(std::chrono::milliseconds, const std::stop_token&) override {
      test_.write(line("GET /a HTTP/1.1"));
      return ++rounds_ < 3;
    }

   private:
    LogSourceTest& test_;
    int rounds_ = 0;
  } stopping(*this);
  LogSource source(path, LogTail::From::end, metrics, stopping);
  source.run({});
  EXPECT_EQ(requests(), 2);
}

}  // namespace
}  // namespace backstay::sources

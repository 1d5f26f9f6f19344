#include "exporter/sources/log_source.h"

#include <fstream>

#include <gtest/gtest.h>

#include "exporter/formats/formats.h"
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
  std::unique_ptr<LogSource> source_of(const std::string& pattern, Clock& with_clock) {
    return std::make_unique<LogSource>(pattern, formats::make_parser("combined"), totals,
                                       totals.add_file(pattern), with_clock);
  }
  // One value of one family; with a reason, that of its label.
  [[nodiscard]] double value(const std::string& name, const std::string& reason = "") const {
    for (const metrics::Family& family : totals.families()) {
      if (family.name != name) continue;
      for (const metrics::Sample& sample : family.samples) {
        const auto labels = sample.labels.pairs();
        if (reason.empty() || labels.at("reason") == reason) return sample.value;
      }
    }
    ADD_FAILURE() << "no " << name << " " << reason;
    return -1;
  }
  [[nodiscard]] double requests() const {
    double sum = 0;
    const metrics::Families families = totals.families();
    for (const metrics::Sample& sample : families.front().samples) sum += sample.value;
    return sum;
  }

  test::TemporaryFolder folder;
  std::string path = folder.path("access.log");
  test::ManualClock clock;
  Totals totals{std::make_shared<const requests::RequestOptions>(), clock};
};

TEST_F(LogSourceTest, CountsWhatBecameOfEachLine) {
  write(line("GET /a HTTP/1.1") + line("GET /a HTTP/1.1", "abc") + "\nrubbish\n" +
        line("-", "400"));
  write(std::string(formats::kLineBytesMax + 1, 'x') + "\n" + line("GET /b HTTP/1.1"));
  ASSERT_TRUE(source_of(path, clock)->read_whole());
  EXPECT_EQ(value("backstay_log_lines_total"), 7);
  const std::string rejected = "backstay_log_lines_rejected_total";
  EXPECT_EQ(value(rejected, "bad_status"), 1);
  EXPECT_EQ(value(rejected, "empty"), 1);
  EXPECT_EQ(value(rejected, "no_time"), 1);
  EXPECT_EQ(value(rejected, "bad_request_line"), 1);
  EXPECT_EQ(value(rejected, "too_long"), 1);
  EXPECT_EQ(value(rejected, "control_characters"), 0);
  EXPECT_EQ(requests(), 2);
}

// A counter that appears with its first event has no increase that Prometheus could see.
TEST_F(LogSourceTest, EveryReasonIsThereFromTheStart) {
  const auto source = source_of(path, clock);
  std::size_t reasons = 0;
  for (const metrics::Family& family : totals.families()) {
    if (family.name == "backstay_log_lines_rejected_total") reasons = family.samples.size();
  }
  EXPECT_EQ(reasons, formats::kRejectReasons);
  EXPECT_EQ(value("backstay_log_rotations_total"), 0);
}

TEST_F(LogSourceTest, ReadsALastLineWithoutNewline) {
  const std::string text = line("GET /a HTTP/1.1") + line("GET /b HTTP/1.1");
  write(text.substr(0, text.size() - 1));
  ASSERT_TRUE(source_of(path, clock)->read_whole());
  EXPECT_EQ(requests(), 2);
  EXPECT_EQ(value("backstay_log_lines_total"), 2);
}

TEST_F(LogSourceTest, ALogThatCannotBeReadIsNamed) {
  const auto read = source_of(path, clock)->read_whole();
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find(path), std::string::npos);
  EXPECT_EQ(value("backstay_log_readable"), 0);
  EXPECT_FALSE(source_of(folder.path(), clock)->read_whole());
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
  const auto source = source_of(path, stopping);
  source->begin(0);
  source->run({});
  EXPECT_EQ(requests(), 2);
}

// How much was read, and how much of it was counted, is of one moment at any moment.
TEST_F(LogSourceTest, FromAnyCheckpointTheTotalsAreExact) {
  write("");
  auto source = source_of(path, clock);
  source->begin(0);
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i <= round % 3; ++i) write(line("GET /a HTTP/1.1"));
    const std::string half = line("GET /b HTTP/1.1");
    write(half.substr(0, 20));
    const bool is_read_before = round % 2 == 0;
    if (is_read_before) source->catch_up();
    const std::string record = totals.moment().record;
    write(half.substr(20));
    source->catch_up();
    const double wanted = requests();

    Totals again(std::make_shared<const requests::RequestOptions>(), clock);
    LogSource resumed(path, formats::make_parser("combined"), again, again.add_file(path), clock);
    const auto saved_at = again.restore(record);
    ASSERT_TRUE(saved_at) << saved_at.error().message;
    resumed.begin(*saved_at);
    resumed.catch_up();
    double sum = 0;
    const metrics::Families families = again.families();
    for (const metrics::Sample& sample : families.front().samples) sum += sample.value;
    ASSERT_EQ(sum, wanted) << round;
  }
}

}  // namespace
}  // namespace backstay::sources

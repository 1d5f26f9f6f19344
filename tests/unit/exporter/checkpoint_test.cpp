#include "exporter/sources/checkpoint.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "exporter/sources/checkpoint_file.h"
#include "tests/temporary_folder.h"

namespace backstay::sources {
namespace {

using std::chrono::seconds;

class Counter final : public Kept {
 public:
  Moment moment() const override {
    const std::uint64_t now = generation_;
    return {now, std::to_string(now)};
  }
  std::uint64_t generation() const override { return generation_; }
  std::uint64_t change() { return ++generation_; }

 private:
  std::atomic<std::uint64_t> generation_{0};
};

class CheckpointTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string record() const {
    const auto read = read_checkpoint(path);
    return read && *read ? **read : "none";
  }
  [[nodiscard]] static double value_of(const Checkpoint& checkpoint, const std::string& name) {
    for (const metrics::Family& family : checkpoint.families()) {
      if (family.name == name) return family.samples.front().value;
    }
    return -1;
  }

  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/checkpoint";
  SystemClock clock;
  Counter counter;
};

TEST_F(CheckpointTest, WhoeverWaitsFindsItOnDisk) {
  Checkpoint checkpoint(path, counter, clock);
  const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t generation = counter.change();
    ASSERT_TRUE(checkpoint.wait_for(generation, clock.steady() + seconds(60)));
    EXPECT_EQ(record(), std::to_string(generation));
  }
}

TEST_F(CheckpointTest, ManyWhoWaitShareAWrite) {
  Checkpoint checkpoint(path, counter, clock);
  const std::uint64_t generation = [this]() {
    for (int i = 0; i < 99; ++i) counter.change();
    return counter.change();
  }();
  std::vector<std::jthread> waiting;
  std::atomic<int> done{0};
  for (std::uint64_t i = 1; i <= generation; ++i) {
    waiting.emplace_back([&, i]() {
      if (checkpoint.wait_for(i, clock.steady() + seconds(60))) ++done;
    });
  }
  const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
  waiting.clear();
  EXPECT_EQ(done, 100);
  EXPECT_EQ(value_of(checkpoint, "backstay_checkpoint_writes_total"), 1);
}

TEST_F(CheckpointTest, TheLastChangeIsWrittenAtTheEnd) {
  Checkpoint checkpoint(path, counter, clock);
  std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
  counter.change();
  writer.request_stop();
  writer.join();
  EXPECT_EQ(record(), "1");
}

// As with a full disk: the folder is not there.
TEST_F(CheckpointTest, WhoeverWaitsIsToldThatItCannotBeWrittenAndLaterItIs) {
  const std::string missing = folder.path() + "/later/checkpoint";
  Checkpoint checkpoint(missing, counter, clock);
  const std::jthread writer([&](const std::stop_token& stop) { checkpoint.run(stop); });
  const std::uint64_t generation = counter.change();
  EXPECT_FALSE(checkpoint.wait_for(generation, clock.steady() + seconds(60)));
  EXPECT_GE(value_of(checkpoint, "backstay_checkpoint_failures_total"), 1);
  EXPECT_EQ(value_of(checkpoint, "backstay_checkpoint_bytes"), -1);
  std::filesystem::create_directory(folder.path() + "/later");
  const SteadyTime deadline = clock.steady() + seconds(30);
  while (!checkpoint.wait_for(generation, deadline) && clock.steady() < deadline) {
  }
  EXPECT_TRUE(checkpoint.wait_for(generation, deadline));
}

TEST_F(CheckpointTest, ADamagedFileIsAnErrorAndNoneIsNone) {
  EXPECT_EQ(record(), "none");
  ASSERT_TRUE(write_checkpoint(path, std::string("a\0b\n", 4)));
  EXPECT_EQ(record(), std::string("a\0b\n", 4));
  std::string text;
  std::getline(std::ifstream(path), text, '\1');
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::ofstream(path, std::ios::trunc) << text.substr(0, size);
    EXPECT_FALSE(read_checkpoint(path)) << size;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(path, std::ios::trunc) << damaged;
    EXPECT_FALSE(read_checkpoint(path)) << at;
  }
}

}  // namespace
}  // namespace backstay::sources

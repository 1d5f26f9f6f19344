// Files that are renamed between the moment when the folder is listed and the moment when what was
// listed is opened. A folder that does it at every such moment stands for a rotation without pause.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "exporter/sources/log_files.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

class MovingFolder final : public LogFolder {
 public:
  std::optional<FoundFile> find(const std::string& path) override {
    auto found = LogFolder::find(path);
    move();
    return found;
  }
  std::optional<std::vector<FoundFile>> list(const std::string& path) override {
    auto listing = LogFolder::list(path);
    move();
    return listing;
  }
  std::unique_ptr<FollowedFile> open(const std::string& path) override {
    auto file = LogFolder::open(path);
    if (moves_opening) move();
    return file;
  }

  std::function<void()> rotate;
  int moves = 0;  // that are to come
  int pause = 0;  // questions before the first of them
  bool moves_opening = false;

 private:
  void move() {
    if (pause > 0) {
      --pause;
    } else if (moves > 0) {
      --moves;
      rotate();
    }
  }
};

struct LogFilesRenames : LogFilesFixture {
  LogFilesRenames() {
    moving.rotate = [this]() { rotate(); };
  }
  static std::string name_of(int number) {
    return number == 0 ? "access.log" : "access.log." + std::to_string(number);
  }
  void rotate() {
    for (int i = rotated; i >= 0; --i) rename(name_of(i), name_of(i + 1));
    ++rotated;
    write_line();
  }
  void write_line() {
    all.push_back("line " + std::to_string(all.size()));
    write(all.back() + "\n");
  }
  void follow_moving(LogFiles::From from) {
    files = std::make_unique<LogFiles>(folder.path("access.log"), clock, moving);
    files->begin(from);
  }
  void begin_with_one_line() {
    for (int i = 0; i <= rotated; ++i) remove(name_of(i));
    rotated = 0;
    all.clear();
    clock.advance(std::chrono::hours(1));
    write_line();
    moving.moves = 0;
    follow_moving(LogFiles::From::start);
    ASSERT_EQ(polled(), all);
  }
  void start_moving() {
    files = std::make_unique<LogFiles>(folder.path("access.log"), clock, moving);
    files->resume(places, saved_at_ms);
  }
  Lines sorted(Lines some) const {
    std::sort(some.begin(), some.end());
    return some;
  }
  // Until the renames are over, and a few times more.
  Lines polled_often() {
    Lines some;
    for (int still = 5; still > 0; still -= moving.moves > 0 ? 0 : 1) {
      const Lines more = polled();
      some.insert(some.end(), more.begin(), more.end());
    }
    return sorted(some);
  }

  MovingFolder moving;
  int rotated = 0;
  Lines all;
};

// From each moment of a start on, once or at every moment that follows.
TEST_F(LogFilesRenames, WhileItGoesOnFromACheckpointNothingIsLostOrReadTwice) {
  for (const int moves : {1, 2, 3, 60}) {
    for (int pause = 0; pause < 12; ++pause) {
      for (const bool moves_opening : {false, true}) {
        begin_with_one_line();
        stop();
        write("late\n");
        rotate();
        rotate();
        moving.moves = moves;
        moving.pause = pause;
        moving.moves_opening = moves_opening;
        start_moving();
        const Lines got = polled_often();
        Lines expected(all.begin() + 1, all.end());
        expected.emplace_back("late");
        ASSERT_EQ(got, sorted(expected)) << moves << " after " << pause << ' ' << moves_opening;
        ASSERT_EQ(counters().files_lost, 0U);
      }
    }
  }
}

// Nothing that is followed left the path then. Also with renames that end just when it gives up.
TEST_F(LogFilesRenames, WhatWasLostBeforeTheStartHidesNothingThatIsRotatedAtTheStart) {
  for (const int moves : {1, 2, 3, kListingsMax - 1, kListingsMax, kListingsMax + 1}) {
    for (int pause = 0; pause < 8; ++pause) {
      begin_with_one_line();
      stop();
      rename("access.log", "gone.gz");
      write_line();
      moving.moves = moves;
      moving.pause = pause;
      start_moving();
      const Lines got = polled_often();
      ASSERT_EQ(got, sorted(Lines(all.begin() + 1, all.end()))) << moves << " after " << pause;
      EXPECT_EQ(counters().files_lost, 1U);
    }
  }
}

TEST_F(LogFilesRenames, WhileItBeginsTheFileThatStoodThereIsFollowedOn) {
  write("old\n");
  moving.moves = 1;
  follow_moving(LogFiles::From::end);  // renamed once it was found, and before it is open
  write("late\n", "access.log.1");
  EXPECT_EQ(polled_often(), Lines{"late"}) << "and what stands there now was there at the start";
}

// The same with a writer that nobody holds back, and each start from another checkpoint.
TEST_F(LogFilesRenames, AWriterThatRotatesAfterEachLineWhileItIsKilledAndStarted) {
  constexpr int kRotations = 300;
  write_line();
  follow(LogFiles::From::start);
  std::atomic<bool> is_written{false};
  const std::jthread writer([&]() {
    for (int i = 1; i <= kRotations; ++i) {
      rename("access.log", "access.log-" + std::to_string(i));
      write("line " + std::to_string(i) + "\n");
    }
    is_written = true;
  });
  Lines kept;
  while (!is_written) {
    files->poll(sink());
    places = files->places();
    saved_at_ms = clock.now().time_since_epoch().count();
    kept.insert(kept.end(), lines.begin(), lines.end());
    lines.clear();
    files->poll(sink());  // read, but not kept
    lines.clear();
    start();
  }
  for (int i = 0; i < 5; ++i) files->poll(sink());
  kept.insert(kept.end(), lines.begin(), lines.end());
  for (int i = 0; i <= kRotations; ++i) all.push_back("line " + std::to_string(i));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(sorted(kept), all);
}

}  // namespace
}  // namespace backstay::sources

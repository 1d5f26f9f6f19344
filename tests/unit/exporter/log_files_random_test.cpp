// A writer that does to its log whatever writers and logrotate do, and a reader that is killed now
// and then and goes on from its checkpoint: each line comes once, in the order of its file.
#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "exporter/sources/log_files.h"
#include "tests/unit/exporter/log_files_fixture.h"

namespace backstay::sources {
namespace {

constexpr int kKept = 5;  // access.log.1 to .5

// What was written to one file from its creation, or its truncation, on.
struct Written {
  int id = 0;
  int lines = 0;
  bool is_half = false;
  SteadyTime rotated_at;
};

struct RandomLog {
  std::string pattern;
  bool truncates;
  unsigned seed;
};

struct LogFilesRandom : LogFilesFixture, ::testing::WithParamInterface<RandomLog> {
  int choose(int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }
  static std::string name_of(int number) {
    return number == 0 ? "access.log" : "access.log." + std::to_string(number);
  }

  // The writer.
  void append(const std::string& name, Written& file) {
    std::string text;
    if (std::exchange(file.is_half, false)) text += " end\n";
    for (int i = choose(4); i > 0; --i) {
      const std::string padding(choose(50) == 0 ? 3000 : choose(90), 'x');
      text += std::to_string(file.id) + " " + std::to_string(file.lines++) + " " + padding + "\n";
    }
    if (choose(4) == 0) {
      text += std::to_string(file.id) + " " + std::to_string(file.lines++) + " half";
      file.is_half = true;
    }
    write(text, name);
  }
  void end_half_line(const std::string& name, Written& file) {
    if (std::exchange(file.is_half, false)) write(" end\n", name);
  }
  void create() {
    kept.push_front(Written{next_id++, 0, false, {}});
    write("");
  }
  static int lines_in(const std::map<int, int>& files_read, int id) {
    const auto at = files_read.find(id);
    return at == files_read.end() ? 0 : at->second;
  }
  // Whether the last one may go: all of it is in the checkpoint.
  bool make_room() {
    if (kept.size() <= kKept) return true;
    const Written& last = kept.back();
    if (last.is_half || lines_in(committed, last.id) < last.lines) return false;
    const std::string name = name_of(static_cast<int>(kept.size()) - 1);
    choose(2) == 0 ? remove(name) : compress(name);
    kept.pop_back();
    return true;
  }
  void shift() {
    for (int i = static_cast<int>(kept.size()) - 1; i >= 1; --i) rename(name_of(i), name_of(i + 1));
  }
  void rotate() {
    if (!make_room()) return;
    shift();
    rename(name_of(0), name_of(1));
    kept.front().rotated_at = clock.steady();
    ++rotations;
    create();
  }
  void copy_and_truncate() {
    end_half_line(name_of(0), kept.front());
    // Of a file that was never read nothing is known that a copy could be told by.
    if (lines_in(counts, kept.front().id) == 0 || !make_room()) return;
    shift();
    copy_truncate(name_of(0), name_of(1));
    ++rotations;
    kept.push_front(Written{next_id++, 0, false, {}});
  }
  void delete_and_create() {
    const Written& now = kept.front();
    if (now.is_half || lines_in(committed, now.id) < now.lines) return;
    remove(name_of(0));
    kept.pop_front();
    ++rotations;
    create();
  }
  void write_late() {
    for (std::size_t i = 1; i < kept.size(); ++i) {
      if (kept[i].rotated_at == SteadyTime{}) continue;  // a copy
      const std::string name = name_of(static_cast<int>(i));
      if (clock.steady() - kept[i].rotated_at > std::chrono::seconds(5)) {
        end_half_line(name, kept[i]);
      } else if (choose(3) == 0) {
        append(name, kept[i]);
      }
    }
  }
  void write_something() {
    switch (choose(6)) {
      case 0:
        GetParam().truncates ? copy_and_truncate() : rotate();
        break;
      case 1:
        if (!GetParam().truncates && choose(3) == 0) delete_and_create();
        break;
      default:
        append(name_of(0), kept.front());
    }
    write_late();
    clock.advance(std::chrono::milliseconds(choose(4) == 0 ? choose(2000) : choose(60)));
  }

  // The reader.
  void take(std::string_view block) {
    while (!block.empty()) {
      int id = 0;
      int line = 0;
      ASSERT_EQ(std::sscanf(std::string(block.substr(0, 40)).c_str(), "%d %d ", &id, &line), 2)
          << block.substr(0, 40);
      ASSERT_EQ(line, counts[id]) << "of file " << id;
      ++counts[id];
      block.remove_prefix(block.find('\n') + 1);
    }
  }
  void save() {
    places = files->places();
    saved_at_ms = clock.now().time_since_epoch().count();
    committed = counts;
  }
  void read_something() {
    if (choose(3) != 0) return;
    files->poll([&](std::string_view block, const FilePlace&) {
      take(block);
      if (choose(6) == 0) save();  // in the middle of a poll
    });
    if (choose(4) == 0) save();
    if (choose(12) == 0) {
      counts = committed;  // killed
      start(GetParam().pattern);
      ++restarts;
    }
  }

  std::mt19937 random{GetParam().seed};
  std::deque<Written> kept;  // by its number behind access.log
  int next_id = 0;
  std::map<int, int> counts;     // lines that came, by file
  std::map<int, int> committed;  // the same, as of the checkpoint
  int rotations = 0;
  int restarts = 0;
};

TEST_P(LogFilesRandom, EachLineComesOnceInTheOrderOfItsFile) {
  follow(LogFiles::From::start, GetParam().pattern);
  save();
  create();
  std::map<int, int> written;
  for (int step = 0; step < 4000 && !HasFatalFailure(); ++step) {
    write_something();
    read_something();
    for (const Written& file : kept) written[file.id] = file.lines;
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    end_half_line(name_of(static_cast<int>(i)), kept[i]);
  }
  clock.advance(LogFiles::kScanEvery);
  while (files->poll([&](std::string_view block, const FilePlace&) { take(block); })) {
  }
  std::erase_if(written, [](const auto& file) { return file.second == 0; });
  EXPECT_EQ(counts, written);
  EXPECT_GT(rotations, 300);
  EXPECT_GT(restarts, 50);
}

INSTANTIATE_TEST_SUITE_P(
    All, LogFilesRandom,
    ::testing::Values(RandomLog{"access.log", false, 1}, RandomLog{"access.log", true, 2},
                      RandomLog{"access.log", true, 3}, RandomLog{"*.log", false, 4},
                      RandomLog{"access.log*", false, 5}, RandomLog{"access.log*", true, 6}));

}  // namespace
}  // namespace backstay::sources

#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "exporter/sources/log_files.h"
#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"

namespace backstay::sources {

using Lines = std::vector<std::string>;

// Log files in a folder, with the times of the manual clock, and someone who follows them.
struct LogFilesFixture : ::testing::Test {
  // Appends, and creates.
  void write(std::string_view text, const std::string& name = "access.log") {
    const Descriptor file(
        ::open(folder.path(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("write");
    }
    stamp(file.get());
  }
  void stamp(int descriptor) const {
    const auto now = clock.now().time_since_epoch().count();
    const timespec time{now / 1000, now % 1000 * 1'000'000};
    const timespec times[2] = {time, time};
    if (::futimens(descriptor, times) != 0) throw std::runtime_error("futimens");
  }
  void rename(const std::string& from, const std::string& to) const {
    std::filesystem::rename(folder.path(from), folder.path(to));
  }
  void remove(const std::string& name) const { std::filesystem::remove(folder.path(name)); }
  void compress(const std::string& name) const { rename(name, name + ".gz"); }
  void copy_truncate(const std::string& name, const std::string& copy) {
    std::filesystem::copy_file(folder.path(name), folder.path(copy),
                               std::filesystem::copy_options::overwrite_existing);
    write("", copy);
    std::filesystem::resize_file(folder.path(name), 0);
  }

  void follow(LogFiles::From from = LogFiles::From::end,
              const std::string& pattern = "access.log") {
    files = std::make_unique<LogFiles>(folder.path(pattern), clock);
    files->begin(from);
  }
  // The process ends, and begins again later from what it saved.
  void stop() {
    places = files->places();
    saved_at_ms = clock.now().time_since_epoch().count();
    files.reset();
    clock.advance(std::chrono::minutes(1));
  }
  void start(const std::string& pattern = "access.log") {
    files = std::make_unique<LogFiles>(folder.path(pattern), clock);
    files->resume(places, saved_at_ms);
  }
  // What came since it was asked last.
  Lines polled() {
    clock.advance(std::chrono::milliseconds(50));
    while (files->poll(sink())) {
    }
    return std::exchange(lines, {});
  }
  // The same, after the folder was looked at again.
  Lines scanned() {
    clock.advance(LogFiles::kScanEvery);
    return polled();
  }
  LogFiles::Sink sink() {
    return [this](std::string_view block, const FilePlace&) {
      ASSERT_TRUE(block.ends_with('\n'));
      while (!block.empty()) {
        lines.emplace_back(block.substr(0, block.find('\n')));
        block.remove_prefix(lines.back().size() + 1);
      }
    };
  }
  [[nodiscard]] const LogFilesCounters& counters() const { return files->counters(); }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  Lines lines;
  std::unique_ptr<LogFiles> files;
  std::vector<FilePlace> places;
  std::int64_t saved_at_ms = 0;
};

}  // namespace backstay::sources

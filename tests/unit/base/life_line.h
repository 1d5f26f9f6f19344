#pragma once

#include <algorithm>
#include <array>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/temporary_folder.h"

namespace backstay::test {

// A FIFO that a program holds open for writing: when the last holder has died, and not before, its
// other end says so. That is how these tests know that a process is gone, without looking for it.
class LifeLine {
 public:
  LifeLine() {
    ::mkfifo(path().c_str(), 0600);
    end_ = ::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~LifeLine() { ::close(end_); }
  LifeLine(const LifeLine&) = delete;
  LifeLine& operator=(const LifeLine&) = delete;

  [[nodiscard]] std::string path() const { return folder_.path("line"); }
  // Until a holder writes a line, which is returned.
  std::string wait_for_holder() const {
    pollfd waiting{end_, POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, kPatienceMs), 1) << "nobody holds the line";
    std::array<char, 100> text{};
    const ssize_t got = ::read(end_, text.data(), text.size());
    EXPECT_GT(got, 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  [[nodiscard]] bool is_dropped() const { return hangs_up_within(kPatienceMs); }
  [[nodiscard]] bool is_held() const { return !hangs_up_within(0); }

 private:
  [[nodiscard]] bool hangs_up_within(int patience_ms) const {
    pollfd waiting{end_, 0, 0};
    return ::poll(&waiting, 1, patience_ms) == 1 && (waiting.revents & POLLHUP) != 0;
  }
  static constexpr int kPatienceMs = 60'000;  // reached only by a failing test
  TemporaryFolder folder_;
  int end_;
};

}  // namespace backstay::test

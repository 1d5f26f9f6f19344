#include "base/shutdown.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

namespace backstay {
namespace {

// Shutdown ignores SIGPIPE for good: the other tests of this program get it back.
class ShutdownTest : public testing::Test {
 protected:
  ~ShutdownTest() override { std::signal(SIGPIPE, SIG_DFL); }
};

TEST_F(ShutdownTest, EitherSignalRequestsTheStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Shutdown shutdown;
    const std::stop_token token = shutdown.token();
    ASSERT_EQ(::raise(signal), 0);
    EXPECT_FALSE(token.stop_requested());
    shutdown.wait();
    EXPECT_TRUE(token.stop_requested());
  }
}

TEST_F(ShutdownTest, ARequestEndsTheWait) {
  Shutdown shutdown;
  const std::jthread other([&]() { shutdown.request(); });
  shutdown.wait();
  EXPECT_TRUE(shutdown.token().stop_requested());
}

// Were it to stop, SIGTERM would still be there at the end, and end the process.
TEST_F(ShutdownTest, AHangupStopsNothing) {
  Shutdown shutdown;
  ASSERT_EQ(::raise(SIGHUP), 0);
  ASSERT_EQ(::raise(SIGTERM), 0);
  shutdown.wait();
  EXPECT_TRUE(shutdown.token().stop_requested());
}

TEST_F(ShutdownTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        Shutdown shutdown;
        ::raise(SIGTERM);
        shutdown.wait();
        ::raise(SIGINT);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(ShutdownTest, AClosedPipeEndsNothing) {
  const Shutdown shutdown;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  ::close(ends[1]);
}

}  // namespace
}  // namespace backstay

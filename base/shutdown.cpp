#include "base/shutdown.h"

#include <csignal>
#include <cstdlib>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace backstay {
namespace {

sigset_t shutdown_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Shutdown::Shutdown() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = shutdown_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Shutdown::~Shutdown() {
  const sigset_t signals = shutdown_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Shutdown::wait() {
  const sigset_t signals = shutdown_signals();
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  while (!source_.stop_requested()) {
    pollfd poll_for{descriptor, POLLIN, 0};
    if (poll(&poll_for, 1, 200) <= 0) continue;
    signalfd_siginfo received{};
    if (read(descriptor, &received, sizeof received) == sizeof received) source_.request_stop();
  }
  close(descriptor);
  // From here on a signal has its default effect in this thread: a second one ends the process.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace backstay

#include "base/shutdown.h"

#include <csignal>
#include <cstdlib>
#include <initializer_list>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"

namespace backstay {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

sigset_t shutdown_signals() { return set_of({SIGINT, SIGTERM}); }
sigset_t watched_signals() { return set_of({SIGINT, SIGTERM, SIGHUP}); }

}  // namespace

Shutdown::Shutdown() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Shutdown::~Shutdown() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Shutdown::wait() {
  const sigset_t signals = watched_signals();
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  while (!source_.stop_requested()) {
    pollfd poll_for{descriptor, POLLIN, 0};
    if (poll(&poll_for, 1, 200) <= 0) continue;
    signalfd_siginfo received{};
    if (read(descriptor, &received, sizeof received) != sizeof received) continue;
    if (received.ssi_signo == SIGHUP) {
      log::warn("SIGHUP changes nothing: a changed configuration is read at the next start");
      continue;
    }
    source_.request_stop();
  }
  close(descriptor);
  // From here on a signal has its default effect in this thread: a second one ends the process.
  const sigset_t ending = shutdown_signals();
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
}

}  // namespace backstay

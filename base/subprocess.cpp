#include "base/subprocess.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/utf8.h"

namespace backstay {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPollInterval{50};  // how soon a stop is noticed
constexpr std::chrono::milliseconds kDrainMax{2000};    // for output after a program's end

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// In a daemon that was started without standard input the number 0 is free, and so on; dup2() in
// the child would then overwrite one pipe with another.
Descriptor above_standard(int fd) {
  if (fd > STDERR_FILENO) return Descriptor(fd);
  const Descriptor low(fd);
  return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  Pipe made{above_standard(ends[0]), above_standard(ends[1])};
  if (!made.read.is_open() || !made.write.is_open()) return std::nullopt;
  return made;
}

// A parent may have passed SIGCHLD on to us as ignored: the kernel would then reap the child, and
// nobody could learn how it ended.
void keep_exit_statuses() {
  struct sigaction current {};
  ::sigaction(SIGCHLD, nullptr, &current);
  if (current.sa_handler == SIG_IGN) std::signal(SIGCHLD, SIG_DFL);
}

// A write to a pipe that nobody reads any more raises SIGPIPE, which ends a program that has not
// thought of it.
ssize_t write_quietly(int fd, std::string_view data) {
  sigset_t pipe_signal;
  sigset_t before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t sent = ::write(fd, data.data(), data.size());
  const int error = errno;
  const timespec at_once{};
  if (sent < 0 && error == EPIPE) ::sigtimedwait(&pipe_signal, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return sent;
}

// Everything the child needs, made before fork(): after it only async-signal-safe calls are
// allowed, because another thread may have held any lock at that moment.
struct Launch {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string path;
};

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* search = std::getenv("PATH");
  std::string_view folders = search == nullptr ? "/usr/local/bin:/usr/bin:/bin" : search;
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    std::string candidate = std::string(folder) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return name;
}

Launch prepare(const Command& command) {
  Launch launch;
  launch.path = find_program(command.argv.front());
  for (const char* name : {"PATH", "HOME"}) {
    if (const char* value = std::getenv(name)) {
      launch.environment.push_back(std::string(name) + "=" + value);
    }
  }
  launch.environment.emplace_back("LANG=C.UTF-8");
  for (const auto& [name, value] : command.environment) {
    launch.environment.push_back(name + "=" + value);
  }
  for (const auto& [name, value] : command.secret_environment) {
    launch.environment.push_back(name + "=" + value.reveal());
  }
  // execve wants char*, and does not write through it.
  for (const std::string& text : command.argv)
    launch.argv.push_back(const_cast<char*>(text.c_str()));
  for (std::string& text : launch.environment) launch.envp.push_back(text.data());
  launch.argv.push_back(nullptr);
  launch.envp.push_back(nullptr);
  return launch;
}

// In the child, between fork and exec. Only async-signal-safe calls.
[[noreturn]] void become(const Launch& launch, int in, int out, int err, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before prctl
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  // All others close on exec, whoever opened them and forgot to say so; the report pipe is one.
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  ::execve(launch.path.c_str(), launch.argv.data(), launch.envp.data());
  const int error = errno;
  static_cast<void>(::write(report, &error, sizeof error));
  ::_exit(127);
}

// One of the child's streams, read until its end or until nobody listens any more.
struct Stream {
  Descriptor end;
  std::string* text;

  void drain(std::size_t bytes_max, bool& truncated) {
    std::array<char, 16384> buffer{};
    const ssize_t got = ::read(end.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      end.reset();
      return;
    }
    const std::size_t room = bytes_max - std::min(bytes_max, text->size());
    const auto bytes = static_cast<std::size_t>(got);
    if (bytes > room) truncated = true;
    text->append(buffer.data(), std::min(bytes, room));
  }
};

class Child {
 public:
  Child(const Command& command, const EndingLimits& limits, pid_t pid, Descriptor in, Stream out,
        Stream err, CommandResult& result)
      : command_(command),
        limits_(limits),
        result_(result),
        pid_(pid),
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        in_(std::move(in)),
        out_(std::move(out)),
        err_(std::move(err)) {}

  void wait() {
    const auto deadline = Clock::now() + command_.deadline;
    std::optional<Clock::time_point> kill_at;
    while (!has_exited()) {
      const auto now = Clock::now();
      const bool is_stopped = command_.stop.stop_requested();
      if (!kill_at && (now >= deadline || is_stopped)) {
        ended_by_us_ = is_stopped ? CommandResult::How::stopped : CommandResult::How::timed_out;
        limits_.kill(-pid_, SIGTERM);
        kill_at = now + limits_.term_grace;
      } else if (kill_at && now >= *kill_at) {
        limits_.kill(-pid_, SIGKILL);
        if (now >= *kill_at + limits_.kill_grace) return give_up();
      }
      move_data(kPollInterval);
    }
    limits_.kill(-pid_, SIGKILL);  // what it left behind in its group
    // What left the group may hold the pipes and go on writing, so there is an end to this too.
    const auto drained_at = Clock::now() + kDrainMax;
    while (has_output_waiting() && Clock::now() < drained_at) {
      move_data(std::chrono::milliseconds(0));
    }
    conclude();
  }

 private:
  bool has_exited() {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }

  bool has_output_waiting() {
    std::array<pollfd, 2> polled{{{out_.end.get(), POLLIN, 0}, {err_.end.get(), POLLIN, 0}}};
    return ::poll(polled.data(), polled.size(), 0) > 0;
  }

  void move_data(std::chrono::milliseconds timeout) {
    std::array<pollfd, 4> polled{{{in_.get(), POLLOUT, 0},
                                  {out_.end.get(), POLLIN, 0},
                                  {err_.end.get(), POLLIN, 0},
                                  {pidfd_.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(timeout.count())) <= 0) return;
    if (polled[0].revents != 0) feed();
    if (polled[1].revents != 0) out_.drain(command_.output_bytes_max, result_.truncated);
    if (polled[2].revents != 0) err_.drain(command_.output_bytes_max, result_.truncated);
  }

  void feed() {
    const std::string_view left = std::string_view(command_.standard_input).substr(fed_);
    const ssize_t sent = write_quietly(in_.get(), left);
    const bool has_failed = sent < 0 && errno != EAGAIN && errno != EINTR;
    if (sent > 0) fed_ += static_cast<std::size_t>(sent);
    if (has_failed || fed_ == command_.standard_input.size()) in_.reset();
  }

  void give_up() {
    result_.how = CommandResult::How::unended;
    result_.code = pid_;
  }

  void conclude() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (ended_by_us_) {
      result_.how = *ended_by_us_;
    } else if (WIFEXITED(status)) {
      result_.how = CommandResult::How::exited;
      result_.code = WEXITSTATUS(status);
    } else {
      result_.how = CommandResult::How::signalled;
      result_.code = WTERMSIG(status);
    }
  }

  const Command& command_;
  const EndingLimits& limits_;
  CommandResult& result_;
  pid_t pid_;
  Descriptor pidfd_;
  Descriptor in_;
  Stream out_;
  Stream err_;
  std::size_t fed_ = 0;
  std::optional<CommandResult::How> ended_by_us_;
};

// Waits until the child has become its program, 0, or has failed to, errno.
int error_of_exec(const Descriptor& report) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

CommandResult not_started(const std::string& why) {
  CommandResult result;
  result.err = why;
  return result;
}

// The last line that is not the continuation of one: libpq's hints begin with a tab, its reasons do
// not.
std::string last_line(const std::string& text) {
  std::string last;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.front() != '\t') last = line;
  }
  return last;
}

void make_non_blocking(const Descriptor& descriptor) {
  ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
}

}  // namespace

std::string CommandResult::describe() const {
  const std::string line = valid_utf8(last_line(err).substr(0, 300));
  const std::string said = line.empty() ? "" : ": " + line;
  switch (how) {
    case How::exited:
      return "exit status " + std::to_string(code) + said;
    case How::signalled:
      return "ended by signal " + std::to_string(code) + said;
    case How::timed_out:
      return "no end within its deadline" + said;
    case How::stopped:
      return "stopped" + said;
    case How::unended:
      return "not ended by SIGKILL, it goes on as process " + std::to_string(code) + said;
    case How::not_started:
      break;
  }
  return "not started" + said;
}

CommandResult SystemProcessRunner::run(const Command& command) {
  if (command.argv.empty()) return not_started("no program");
  if (unended_.are_too_many()) return not_started("too many before it could not be ended");
  keep_exit_statuses();
  const Launch launch = prepare(command);
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  auto report = make_pipe();
  if (!in || !out || !err || !report) return not_started(std::strerror(errno));

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return not_started(std::strerror(errno));
  if (pid == 0) {
    become(launch, in->read.get(), out->write.get(), err->write.get(), report->write.get(), parent);
  }
  ::setpgid(pid, pid);  // here too, so that the group exists before anyone signals it
  in->read.reset();
  out->write.reset();
  err->write.reset();
  report->write.reset();

  if (const int error = error_of_exec(report->read)) {
    ::waitpid(pid, nullptr, 0);
    return not_started(command.argv.front() + ": " + std::strerror(error));
  }
  make_non_blocking(in->write);
  make_non_blocking(out->read);
  make_non_blocking(err->read);
  if (command.standard_input.empty()) in->write.reset();
  CommandResult result;
  Child child(command, limits_, pid, std::move(in->write),
              Stream{std::move(out->read), &result.out}, Stream{std::move(err->read), &result.err},
              result);
  child.wait();
  if (result.how == CommandResult::How::unended) unended_.add(pid, command.environment);
  return result;
}

Result<Leftovers> SystemProcessRunner::end_leftovers(const Marks& marks,
                                                     const std::stop_token& stop) {
  auto left = backstay::end_leftovers(marks, limits_.leftovers_within, stop);
  const std::vector<pid_t> unended = unended_.with(marks);
  if (unended.empty()) return left;
  if (!left) return Leftovers{{}, unended};  // these are known all the same
  for (const pid_t pid : unended) {
    if (std::find(left->alive.begin(), left->alive.end(), pid) == left->alive.end()) {
      left->alive.push_back(pid);
    }
  }
  return left;
}

}  // namespace backstay

#include "base/leftovers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace backstay {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookInterval{20};
constexpr std::size_t kFileBytesMax = 4UL * 1024 * 1024;  // of an environment; Linux allows less
// What is just becoming another program has no environment for a moment, so one look is not enough.
constexpr int kEmptyLooks = 2;

struct Process {
  pid_t pid = 0;
  Descriptor handle;  // stays with this process, whoever gets its number after it
  pid_t group = 0;
  pid_t session = 0;
};

Error cannot_look() {
  return Error{std::string("cannot look at processes: ") + std::strerror(errno)};
}

// Nothing of a process that has ended meanwhile, or whose files are not for us.
Result<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const bool is_not_for_us = errno == ENOENT || errno == ESRCH || errno == EACCES || errno == EPERM;
  if (!file.is_open() && !is_not_for_us) return fail(cannot_look());
  std::string text;
  std::array<char, 16384> buffer{};
  ssize_t got = 1;
  while (file.is_open() && got > 0 && text.size() < kFileBytesMax) {
    got = ::read(file.get(), buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

bool carries(const std::string& environment, const Marks& marks) {
  const std::string bounded = std::string(1, '\0') + environment;  // each entry between two zeros
  return std::all_of(marks.begin(), marks.end(), [&](const auto& mark) {
    const std::string entry = '\0' + mark.first + "=" + mark.second + '\0';
    return bounded.find(entry) != std::string::npos;
  });
}

// None: it is not one of those. The handle comes first: what is read after it is of that process,
// or the signal reaches nobody.
Result<std::optional<Process>> look_at(pid_t pid, const Marks& marks) {
  Process process;
  process.pid = pid;
  process.handle.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.handle.is_open() && errno != ESRCH) return fail(cannot_look());
  if (!process.handle.is_open()) return std::optional<Process>();
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto environment = read_file(folder + "/environ");
  if (!environment) return fail(environment.error());
  if (!carries(*environment, marks)) return std::optional<Process>();
  // "12 (any name) S 1 12 12 …": state, parent, group, session
  const auto stat = read_file(folder + "/stat");
  if (!stat) return fail(stat.error());
  std::istringstream rest(stat->substr(std::min(stat->size(), stat->rfind(')') + 1)));
  std::string state;
  pid_t parent = 0;
  if (!(rest >> state >> parent >> process.group >> process.session))
    return std::optional<Process>();
  return std::optional(std::move(process));
}

Result<std::vector<Process>> find_all(const Marks& marks) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) return fail(std::string("cannot look at /proc: ") + std::strerror(errno));
  std::vector<Process> found;
  bool sees_itself = false;
  while (const dirent* entry = ::readdir(proc.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    if (pid == ::getpid()) {
      sees_itself = true;
      continue;
    }
    auto process = look_at(pid, marks);
    if (!process) return fail(process.error());
    if (*process) found.push_back(std::move(**process));
  }
  if (!sees_itself) return fail("cannot look at /proc: it does not show this process");
  return found;
}

// A command leads a group in the session of the daemon. What began a session leads it, and others
// in it are in its group, or in a group of theirs below a leader that carries the marks too.
bool has_own_session(const Process& process, const std::vector<Process>& all) {
  return process.group == process.session ||
         std::any_of(all.begin(), all.end(),
                     [&](const Process& other) { return other.pid == process.session; });
}

Result<std::vector<Process>> find_leftovers(const Marks& marks) {
  auto all = find_all(marks);
  if (!all) return all;
  std::vector<Process> left;
  for (Process& process : *all) {
    if (!has_own_session(process, *all)) left.push_back(std::move(process));
  }
  return left;
}

std::vector<pid_t> pids_of(const std::vector<Process>& processes) {
  std::vector<pid_t> pids;
  for (const Process& process : processes) pids.push_back(process.pid);
  return pids;
}

// Those that live on were sent the signal too.
Leftovers told_apart(Leftovers left) {
  std::erase_if(left.ended, [&](pid_t pid) {
    return std::find(left.alive.begin(), left.alive.end(), pid) != left.alive.end();
  });
  return left;
}

void wait_for_end(const Process& process) {
  pollfd ended{process.handle.get(), POLLIN, 0};
  ::poll(&ended, 1, static_cast<int>(kLookInterval.count()));
}

}  // namespace

bool has_all(const Marks& environment, const Marks& marks) {
  return std::all_of(marks.begin(), marks.end(), [&](const auto& mark) {
    return std::find(environment.begin(), environment.end(), mark) != environment.end();
  });
}

std::string name_processes(const std::vector<pid_t>& pids) {
  std::string names = pids.size() == 1 ? "process" : "processes";
  for (std::size_t at = 0; at < pids.size(); ++at) {
    names += (at == 0 ? " " : ", ") + std::to_string(pids[at]);
  }
  return names;
}

Result<Leftovers> end_leftovers(const Marks& marks, std::chrono::milliseconds within,
                                const std::stop_token& stop) {
  std::vector<pid_t> ended;
  if (marks.empty()) return Leftovers{};  // everybody has all of no marks
  const auto give_up_at = Clock::now() + within;
  for (int empty_looks = 0; empty_looks < kEmptyLooks;) {
    const auto left = find_leftovers(marks);
    if (!left) return fail(left.error());
    if (left->empty()) {
      if (++empty_looks < kEmptyLooks) std::this_thread::sleep_for(kLookInterval);
      continue;
    }
    empty_looks = 0;
    for (const Process& process : *left) {
      ::syscall(SYS_pidfd_send_signal, process.handle.get(), SIGKILL, nullptr, 0);
      if (std::find(ended.begin(), ended.end(), process.pid) == ended.end()) {
        ended.push_back(process.pid);
      }
    }
    if (Clock::now() >= give_up_at || stop.stop_requested()) {
      return told_apart({ended, pids_of(*left)});
    }
    wait_for_end(left->front());
  }
  return Leftovers{ended, {}};
}

}  // namespace backstay

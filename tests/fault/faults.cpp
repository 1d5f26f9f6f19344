// Loaded before the C library (LD_PRELOAD) into a program under test: counts what it does to files
// in the folders of BACKSTAY_FAULT_DIRS (separated by ':'), and at a chosen call ends it, tells it
// that the disk is full, or sets its wall clock. It is steered through the file
// BACKSTAY_FAULT_FILE, which the test maps too (tests/fault/control.py has the other side of the
// layout). The program knows nothing of it, and its children do not get it: they start with a clean
// environment.

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr std::size_t kTraceMax = 65536;

// Numbers of calls begin with 1; 0 is none.
struct Control {
  std::atomic<std::int64_t> calls;       // so far
  std::atomic<std::int64_t> signal;      // that the process gets
  std::atomic<std::int64_t> before;      // this call
  std::atomic<std::int64_t> after;       // or after this one
  std::atomic<std::int64_t> full_from;   // from this call on there is no room on the disk
  std::atomic<std::int64_t> full_until;  // up to this one, which has room again
  std::atomic<std::int64_t> refused;     // how many calls got no room
  std::atomic<std::int64_t> clock_ms;    // what the wall clock is off by
  std::atomic<std::int64_t> jump_at;     // before this call
  std::atomic<std::int64_t> jump_ms;     // clock_ms becomes this
  std::array<char, kTraceMax> trace;     // w, s, t, r, u, m, o: what each call was
};

// Makes room for itself at the first use, which may be before the constructors of this library.
Control* control() {
  static Control* const mapped = []() -> Control* {
    const char* path = std::getenv("BACKSTAY_FAULT_FILE");
    if (path == nullptr) return nullptr;
    const auto file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC));
    if (file < 0) return nullptr;
    void* at = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? nullptr : static_cast<Control*>(at);
  }();
  return mapped;
}

template <class Function>
Function real(Function, const char* name) {
  void* const found = ::dlsym(RTLD_NEXT, name);
  Function function{};
  std::memcpy(&function, &found, sizeof function);
  return function;
}

bool is_watched(const char* path) {
  const char* at = std::getenv("BACKSTAY_FAULT_DIRS");
  while (at != nullptr && *at != '\0') {
    const char* const end = ::strchrnul(at, ':');
    const auto size = static_cast<std::size_t>(end - at);
    if (size > 0 && std::strncmp(path, at, size) == 0 &&
        (path[size] == '/' || path[size] == '\0')) {
      return true;
    }
    at = *end == ':' ? end + 1 : end;
  }
  return false;
}

bool is_watched(int descriptor) {
  std::array<char, 64> link{};
  std::array<char, PATH_MAX> path{};
  static constexpr char kPrefix[] = "/proc/self/fd/";
  std::memcpy(link.data(), kPrefix, sizeof kPrefix - 1);
  std::size_t at = sizeof kPrefix - 1;
  std::array<char, 12> digits{};
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + descriptor % 10);
    descriptor /= 10;
  } while (descriptor > 0);
  while (count > 0) link[at++] = digits[--count];
  if (::readlink(link.data(), path.data(), path.size() - 1) <= 0) return false;
  return is_watched(path.data());
}

// Of a name in the folder of this descriptor.
bool is_watched(int folder, const char* name) {
  return *name == '/' || folder == AT_FDCWD ? is_watched(name) : is_watched(folder);
}

// Whether opening it makes a file, for which there may be no room.
bool makes_file(const char* path, bool may_make) {
  if (!may_make || !is_watched(path)) return false;
  const int error = errno;
  const bool is_there = ::access(path, F_OK) == 0;
  errno = error;
  return !is_there;
}

void hit(Control& c) {
  const int number = static_cast<int>(c.signal.load());
  if (number == SIGSTOP) {
    // To this thread, which would run on until another one has got it; all others stop with it.
    ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), number);
    return;
  }
  ::kill(::getpid(), number);
  if (number == SIGKILL) {
    for (;;) ::pause();  // nothing more happens here until it arrives
  }
}

// One call: counted, perhaps the last, perhaps refused for want of room.
template <class Call>
auto touch(char kind, bool watched, Call call, decltype(call()) refused) -> decltype(call()) {
  Control* const c = watched ? control() : nullptr;
  if (c == nullptr) return call();
  const std::int64_t number = ++c->calls;
  if (number <= static_cast<std::int64_t>(kTraceMax)) {
    c->trace[static_cast<std::size_t>(number - 1)] = kind;
  }
  if (number == c->jump_at) c->clock_ms.store(c->jump_ms);
  if (number == c->before) hit(*c);
  const std::int64_t from = c->full_from;
  const bool needs_room = std::strchr("wtsmo", kind) != nullptr;
  if (needs_room && from != 0 && number >= from && number < c->full_until) {
    ++c->refused;
    errno = ENOSPC;
    return refused;
  }
  const auto result = call();
  const int error = errno;
  if (number == c->after) hit(*c);
  errno = error;
  return result;
}

template <class Call>
auto touch(char kind, bool watched, Call call) -> decltype(call()) {
  return touch(kind, watched, call, -1);
}

std::int64_t offset_ms() {
  Control* const c = control();
  return c == nullptr ? 0 : c->clock_ms.load();
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t size) {
  static const auto next = real(&::write, "write");
  if (file <= STDERR_FILENO) return next(file, data, size);
  return touch('w', is_watched(file), [&]() { return next(file, data, size); });
}

ssize_t writev(int file, const iovec* parts, int count) {
  static const auto next = real(&::writev, "writev");
  return touch('w', is_watched(file), [&]() { return next(file, parts, count); });
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  static const auto next = real(&::pwrite64, "pwrite64");
  return touch('w', is_watched(file), [&]() { return next(file, data, size, at); });
}

ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  return pwrite64(file, data, size, at);
}

int fsync(int file) {
  static const auto next = real(&::fsync, "fsync");
  return touch('s', is_watched(file), [&]() { return next(file); });
}

int fdatasync(int file) {
  static const auto next = real(&::fdatasync, "fdatasync");
  return touch('s', is_watched(file), [&]() { return next(file); });
}

int ftruncate64(int file, off64_t size) noexcept {
  static const auto next = real(&::ftruncate64, "ftruncate64");
  return touch('t', is_watched(file), [&]() { return next(file, size); });
}

int ftruncate(int file, off_t size) noexcept { return ftruncate64(file, size); }

int rename(const char* from, const char* to) noexcept {
  static const auto next = real(&::rename, "rename");
  return touch('r', is_watched(to), [&]() { return next(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto next = real(&::unlink, "unlink");
  return touch('u', is_watched(path), [&]() { return next(path); });
}

int unlinkat(int folder, const char* name, int flags) noexcept {
  static const auto next = real(&::unlinkat, "unlinkat");
  return touch('u', is_watched(folder, name), [&]() { return next(folder, name, flags); });
}

int rmdir(const char* path) noexcept {
  static const auto next = real(&::rmdir, "rmdir");
  return touch('u', is_watched(path), [&]() { return next(path); });
}

int remove(const char* path) noexcept {
  static const auto next = real(&::remove, "remove");
  return touch('u', is_watched(path), [&]() { return next(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto next = real(&::mkdir, "mkdir");
  return touch('m', is_watched(path), [&]() { return next(path, mode); });
}

// A file that is there already is only opened, which is no change.
int open64(const char* path, int flags, ...) {
  static const auto next = real(&::open64, "open64");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return touch('o', makes_file(path, (flags & O_CREAT) != 0),
               [&]() { return next(path, flags, mode); });
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return open64(path, flags, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  static const auto next = real(&::fopen64, "fopen64");
  return touch(
      'o', makes_file(path, *mode == 'w' || *mode == 'a'), [&]() { return next(path, mode); },
      nullptr);
}

FILE* fopen(const char* path, const char* mode) { return fopen64(path, mode); }

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  constexpr long kNanosecondsOfSecond = 1'000'000'000;
  const std::int64_t off = offset_ms();
  time->tv_sec += off / 1000;
  time->tv_nsec += static_cast<long>(off % 1000) * 1'000'000;
  if (time->tv_nsec < 0) {
    time->tv_nsec += kNanosecondsOfSecond;
    --time->tv_sec;
  } else if (time->tv_nsec >= kNanosecondsOfSecond) {
    time->tv_nsec -= kNanosecondsOfSecond;
    ++time->tv_sec;
  }
  return 0;
}

int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* where) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (where != nullptr) *where = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"

#include "base/state_lock.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace backstay {

Result<StateLock> StateLock::acquire(const std::string& state_dir) {
  std::error_code error;
  if (std::filesystem::create_directories(state_dir, error)) {
    std::filesystem::permissions(state_dir, std::filesystem::perms::owner_all, error);
  }
  if (error) return fail("state_dir " + state_dir + ": " + error.message());
  const std::string path = state_dir + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(path + ": " + std::strerror(errno));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return fail(path + " is held: another process works on this state_dir");
  }
  return StateLock(descriptor);
}

StateLock::StateLock(StateLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace backstay

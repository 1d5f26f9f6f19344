#include "base/secret.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <tuple>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include "base/descriptor.h"
#include "base/mutex.h"

namespace backstay {
namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;
// Two writes within one tick of a file system's clock leave the same time. A file that changed less
// than this long ago is not trusted to be still the same.
constexpr std::chrono::seconds kSettled{2};

// What changes when a file is written again or replaced. Tools that copy a file keep the time of
// its modification, but none can set the time of its change.
using Identity = std::tuple<dev_t, ino_t, off_t, std::int64_t, long>;

Identity identity_of(const struct stat& info) {
  return {info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec, info.st_ctim.tv_nsec};
}

bool is_settled(const struct stat& info) {
  const auto changed = std::chrono::sys_seconds(std::chrono::seconds(info.st_ctim.tv_sec));
  return std::chrono::system_clock::now() - changed > kSettled;
}

// Also what is beyond the end: a string that has moved or shrunk leaves its old bytes there.
void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // allocates nothing
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace

Secret::Secret(std::string value) {
  value_.swap(value);
  wipe(value);
}

Secret::~Secret() { wipe(value_); }

Secret& Secret::operator=(const Secret& other) { return *this = Secret(other); }

Secret::Secret(Secret&& other) noexcept {
  value_.swap(other.value_);
  wipe(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(value_);
  value_.swap(other.value_);
  wipe(other.value_);
  return *this;
}

bool Secret::equals(std::string_view candidate) const {
  return candidate.size() == value_.size() &&
         CRYPTO_memcmp(candidate.data(), value_.data(), value_.size()) == 0;
}

struct SecretSource::State {
  enum class Kind { file, environment, literal };
  Kind kind = Kind::literal;
  std::string name;  // path or variable
  std::string description;
  Mutex mutex;
  std::optional<Identity> read_from GUARDED_BY(mutex);
  Secret value GUARDED_BY(mutex);

  // What was read, where the file is still the one it was read from. It is asked for with each
  // webhook, so that nobody holds the lock while the system looks at the file.
  std::optional<Secret> read_before() EXCLUDES(mutex) {
    struct stat info {};
    if (::stat(name.c_str(), &info) != 0) return std::nullopt;
    const MutexLock lock(mutex);
    return read_from == identity_of(info) ? std::optional(value) : std::nullopt;
  }

  Result<Secret> read_file() EXCLUDES(mutex) {
    if (auto known = read_before()) return std::move(*known);
    const MutexLock lock(mutex);
    // Without waiting, should it be a pipe.
    const Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!file.is_open() || ::fstat(file.get(), &info) != 0) {
      return fail(name + ": " + std::strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) return fail(name + ": not a regular file");
    auto read = read_all(file);
    if (!read) return read;
    value = std::move(*read);
    read_from.reset();
    if (is_settled(info)) read_from = identity_of(info);
    return value;
  }

  [[nodiscard]] Result<Secret> read_all(const Descriptor& file) const {
    std::string text(kFileBytesMax + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(name + ": " + std::strerror(errno));
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    std::string_view content = std::string_view(text).substr(0, size);
    while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
      content.remove_suffix(1);
    }
    Secret found{std::string(content)};
    wipe(text);
    if (size > kFileBytesMax) {
      return fail(name + ": larger than " + std::to_string(kFileBytesMax) + " bytes");
    }
    if (found.empty()) return fail(name + ": the file is empty");
    return found;
  }
};

SecretSource SecretSource::file(std::string path) {
  auto state = std::make_shared<State>();
  state->kind = State::Kind::file;
  state->description = "file " + path;
  state->name = std::move(path);
  return SecretSource(std::move(state));
}

SecretSource SecretSource::environment(std::string variable) {
  auto state = std::make_shared<State>();
  state->kind = State::Kind::environment;
  state->description = "environment variable " + variable;
  state->name = std::move(variable);
  return SecretSource(std::move(state));
}

SecretSource SecretSource::literal(Secret value) {
  auto state = std::make_shared<State>();
  state->description = "the configuration";
  const MutexLock lock(state->mutex);
  state->value = std::move(value);
  return SecretSource(state);
}

Result<Secret> SecretSource::read() const {
  if (state_->kind == State::Kind::file) return state_->read_file();
  if (state_->kind == State::Kind::environment) {
    const char* value = std::getenv(state_->name.c_str());
    if (value == nullptr || *value == '\0') return fail(state_->description + " is not set");
    return Secret(value);
  }
  const MutexLock lock(state_->mutex);
  return state_->value;
}

const std::string& SecretSource::description() const { return state_->description; }

}  // namespace backstay

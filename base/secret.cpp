#include "base/secret.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <tuple>

#include <openssl/crypto.h>
#include <sys/stat.h>

#include "base/mutex.h"

namespace backstay {
namespace {

// What changes when a file is written again or replaced.
using Identity = std::tuple<dev_t, ino_t, off_t, std::int64_t, long>;

std::optional<Identity> identity_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                  info.st_mtim.tv_nsec};
}

}  // namespace

Secret::Secret(std::string value) : value_(std::move(value)) {}

Secret::~Secret() { OPENSSL_cleanse(value_.data(), value_.size()); }

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

  Result<Secret> read_file() EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    const auto identity = identity_of(name);
    if (!identity) return fail(name + ": " + std::strerror(errno));
    if (read_from == identity) return value;
    std::ifstream file(name, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    if (!file) return fail(name + ": cannot be read");
    std::string text = content.str();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.empty()) return fail(name + ": the file is empty");
    value = Secret(std::move(text));
    read_from = identity;
    return value;
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

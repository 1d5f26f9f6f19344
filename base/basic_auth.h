#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/secret.h"

namespace backstay {

// Checks the header Authorization against users with bcrypt hashes. A check is dear by design, so:
// credentials that were right once are remembered (by an HMAC with a key of this process) and cost
// nothing any more; checks run one at a time; and where too many wait, more are turned away. A name
// that is not there costs as much as a wrong password. Thread-safe.
// https://www.rfc-editor.org/rfc/rfc7617
class BasicAuth {
 public:
  enum class Verdict { accepted, no_credentials, wrong, busy };
  static constexpr std::size_t kVerdicts = 4;
  static constexpr std::size_t kRememberedMax = 100;
  static constexpr int kChecksMax = 8;  // the one that runs, and those that wait for it

  BasicAuth();
  // `users` must not be empty. No header: none was sent.
  [[nodiscard]] Verdict check(const std::optional<std::string>& authorization,
                              const std::map<std::string, Secret>& users)
      EXCLUDES(mutex_, check_mutex_);
  // Whose name is in the header; empty where it has none. It proves nothing without check().
  static std::string user_of(const std::string& authorization);
  // How often this was the verdict.
  [[nodiscard]] std::uint64_t count(Verdict verdict) const {
    return counts_[static_cast<std::size_t>(verdict)];
  }
  // How many passwords were hashed: those that were not remembered.
  [[nodiscard]] std::uint64_t hashed() const { return hashed_; }

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Credentials;
  Verdict judge(const std::optional<std::string>& authorization,
                const std::map<std::string, Secret>& users);
  Verdict check_slowly(const Credentials& credentials, const Digest& digest, bool is_user);
  [[nodiscard]] Digest digest_of(const Credentials& credentials) const;
  [[nodiscard]] bool is_remembered(const Digest& digest) EXCLUDES(mutex_);
  void remember(const Digest& digest) EXCLUDES(mutex_);

  Secret key_;
  Mutex check_mutex_;  // held while one password is hashed
  std::atomic<int> checks_{0};
  Mutex mutex_;
  std::deque<Digest> remembered_ GUARDED_BY(mutex_);  // the oldest first
  std::array<std::atomic<std::uint64_t>, kVerdicts> counts_{};
  std::atomic<std::uint64_t> hashed_{0};
};

}  // namespace backstay

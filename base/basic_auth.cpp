#include "base/basic_auth.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>
#include <unistd.h>

#include "base/bcrypt.h"

namespace backstay {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kScheme = "Basic ";

std::optional<Secret> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
  bytes.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, 2));
  return Secret(std::move(bytes));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// One more check while it lives.
class Turn {
 public:
  explicit Turn(std::atomic<int>& count) : count_(count), number_(++count) {}
  ~Turn() { --count_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  std::atomic<int>& count_;
  const int number_;
};

}  // namespace

struct BasicAuth::Credentials {
  std::string user;
  Secret password;
  Secret hash;  // the user's

  // "Basic " and the base64 of "user:password"; nothing where it is not that.
  static std::optional<Credentials> of(const std::string& authorization) {
    if (authorization.size() < kScheme.size() ||
        ::strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
      return std::nullopt;
    }
    const auto pair =
        decode_base64(trimmed(std::string_view(authorization).substr(kScheme.size())));
    if (!pair) return std::nullopt;
    const std::size_t colon = pair->reveal().find(':');
    if (colon == std::string::npos) return std::nullopt;
    return Credentials{pair->reveal().substr(0, colon), Secret(pair->reveal().substr(colon + 1)),
                       Secret()};
  }
};

BasicAuth::BasicAuth() {
  std::string key(kKeyBytes, '\0');
  // From the kernel: OpenSSL's own generator takes a megabyte, with or without passwords to check.
  if (::getentropy(key.data(), key.size()) != 0) {
    throw std::runtime_error("there are no random bytes to be had");
  }
  key_ = Secret(std::move(key));
}

// Of all that the verdict hangs on: a changed hash makes another digest.
BasicAuth::Digest BasicAuth::digest_of(const Credentials& credentials) const {
  std::string text;
  for (const std::string* part :
       {&credentials.user, &credentials.hash.reveal(), &credentials.password.reveal()}) {
    text += std::to_string(part->size()) + ":" + *part;
  }
  const Secret message(std::move(text));
  Digest digest{};
  unsigned size = digest.size();
  HMAC(EVP_sha256(), key_.reveal().data(), static_cast<int>(key_.reveal().size()),
       reinterpret_cast<const unsigned char*>(message.reveal().data()), message.reveal().size(),
       digest.data(), &size);
  return digest;
}

bool BasicAuth::is_remembered(const Digest& digest) {
  const MutexLock lock(mutex_);
  return std::find(remembered_.begin(), remembered_.end(), digest) != remembered_.end();
}

void BasicAuth::remember(const Digest& digest) {
  const MutexLock lock(mutex_);
  remembered_.push_back(digest);
  if (remembered_.size() > kRememberedMax) remembered_.pop_front();
}

BasicAuth::Verdict BasicAuth::check_slowly(const Credentials& credentials, const Digest& digest,
                                           bool is_user) {
  const Turn turn(checks_);
  if (turn.number() > kChecksMax) return Verdict::busy;
  const MutexLock lock(check_mutex_);
  // By the one that we waited for. A name that is gone may share its hash with one that is not.
  if (is_user && is_remembered(digest)) return Verdict::accepted;
  ++hashed_;
  const bool matches = bcrypt_matches(credentials.password, credentials.hash);
  if (!matches || !is_user) return Verdict::wrong;
  remember(digest);
  return Verdict::accepted;
}

BasicAuth::Verdict BasicAuth::judge(const std::optional<std::string>& authorization,
                                    const std::map<std::string, Secret>& users) {
  if (!authorization) return Verdict::no_credentials;
  auto credentials = Credentials::of(*authorization);
  if (!credentials) return Verdict::wrong;
  const auto user = users.find(credentials->user);
  const bool is_user = user != users.end();
  // For a name that is not there another's hash is tried, so that the answer takes as long.
  credentials->hash = is_user ? user->second : users.begin()->second;
  const Digest digest = digest_of(*credentials);
  if (is_user && is_remembered(digest)) return Verdict::accepted;
  return check_slowly(*credentials, digest, is_user);
}

std::string BasicAuth::user_of(const std::string& authorization) {
  const auto credentials = Credentials::of(authorization);
  return credentials ? credentials->user : "";
}

BasicAuth::Verdict BasicAuth::check(const std::optional<std::string>& authorization,
                                    const std::map<std::string, Secret>& users) {
  const Verdict verdict = judge(authorization, users);
  ++counts_[static_cast<std::size_t>(verdict)];
  return verdict;
}

}  // namespace backstay

#include "base/bcrypt.h"

#include <memory>

#include <crypt.h>
#include <openssl/crypto.h>

namespace backstay {
namespace {

constexpr std::size_t kHashBytes = 60;
constexpr std::size_t kCostAt = 4;
constexpr std::size_t kSaltAt = 7;
constexpr const char* kAlphabet =
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// 32 KB of the library's working memory, wiped after use.
struct WorkingMemory {
  crypt_data data{};
  ~WorkingMemory() { OPENSSL_cleanse(&data, sizeof data); }
};

}  // namespace

bool is_bcrypt_hash(const std::string& text) {
  const std::string kind = text.substr(0, kCostAt);
  if (text.size() != kHashBytes || (kind != "$2a$" && kind != "$2b$" && kind != "$2y$"))
    return false;
  if (!is_digit(text[kCostAt]) || !is_digit(text[kCostAt + 1]) || text[kSaltAt - 1] != '$') {
    return false;
  }
  const int cost = (text[kCostAt] - '0') * 10 + (text[kCostAt + 1] - '0');
  if (cost < kBcryptCostMin || cost > kBcryptCostMax) return false;
  return text.find_first_not_of(kAlphabet, kSaltAt) == std::string::npos;
}

bool bcrypt_matches(const Secret& password, const Secret& hash) {
  // To the library a text ends at its first NUL: "right\0anything" would be as good as "right".
  if (password.reveal().find('\0') != std::string::npos) return false;
  const auto memory = std::make_unique<WorkingMemory>();
  const char* made = crypt_r(password.reveal().c_str(), hash.reveal().c_str(), &memory->data);
  return made != nullptr && hash.equals(made);
}

}  // namespace backstay

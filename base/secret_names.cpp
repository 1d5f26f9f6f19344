#include "base/secret_names.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace backstay {
namespace {

// Anywhere in a name, which is compared in lower case and without "_", "-" and ".".
constexpr std::array<std::string_view, 21> kParts{
    "password", "passwd",    "passphrase", "passcode",      "secret",        "token",
    "apikey",   "accesskey", "privatekey", "signingkey",    "encryptionkey", "masterkey",
    "sessid",   "sessionid", "credential", "authorization", "cookie",        "csrf",
    "xsrf",     "signature", "jwt"};
// As the last word of a name: "db_pass", "connect.sid", "userPin".
constexpr std::array<std::string_view, 15> kWords{"pass", "pwd",   "pw",  "pin",     "otp",
                                                  "cvv",  "cvc",   "ssn", "sid",     "auth",
                                                  "sig",  "creds", "pat", "session", "bearer"};
constexpr std::array<std::string_view, 8> kParameters{"key",   "code",   "sign",  "hash",
                                                      "nonce", "ticket", "state", "access"};
constexpr std::array<std::string_view, 5> kNoSecrets{"error", "exception", "failure", "warning",
                                                     "errors"};
constexpr std::array<std::string_view, 18> kSourceFiles{
    ".py", ".rb", ".js", ".ts",  ".jsx",   ".tsx", ".mjs", ".cjs", ".java",
    ".kt", ".go", ".cs", ".php", ".scala", ".vue", ".rs",  ".erb", ".ex"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_joint(char c) { return c == '_' || c == '-' || c == '.'; }

// A name in lower case without joints, and where its last word begins. What is longer than any name
// is judged by its end.
class Folded {
 public:
  explicit Folded(std::string_view name) {
    name.remove_prefix(name.size() - std::min(name.size(), chars_.size()));
    char before = '_';
    for (const char c : name) {
      if (is_joint(c)) {
        before = c;
        continue;
      }
      const bool is_hump = c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z';
      if (is_joint(before) || is_hump) last_word_ = size_;
      chars_[size_++] = lower(c);
      before = c;
    }
  }
  [[nodiscard]] std::string_view text() const { return {chars_.data(), size_}; }
  [[nodiscard]] std::string_view last_word() const { return text().substr(last_word_); }

 private:
  std::array<char, 96> chars_{};
  std::size_t size_ = 0;
  std::size_t last_word_ = 0;
};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t count>
bool ends_with_one_of(const std::array<std::string_view, count>& ends, std::string_view text) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return text.ends_with(end); });
}

bool is_secret(const Folded& name) {
  if (ends_with_one_of(kNoSecrets, name.text())) return false;
  if (is_one_of(kWords, name.last_word()) || is_one_of(kWords, name.text())) return true;
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return name.text().find(part) != std::string_view::npos;
  });
}

}  // namespace

bool is_secret_name(std::string_view name) {
  return name.size() >= 2 && !ends_with_one_of(kSourceFiles, name) && is_secret(Folded(name));
}

bool is_secret_parameter(std::string_view name) {
  return is_secret_name(name) || is_one_of(kParameters, Folded(name).last_word());
}

bool is_secret_header(std::string_view name) {
  const Folded folded(name);
  return folded.text().ends_with("authorization") || folded.text().ends_with("cookie");
}

}  // namespace backstay

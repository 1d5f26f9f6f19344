#include "base/secret_shapes.h"

#include <array>

namespace backstay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alnum(char c) { return is_digit(c) || is_upper(c) || is_lower(c); }
bool is_token(char c) { return is_alnum(c) || c == '_' || c == '-'; }
bool is_dotted_token(char c) { return is_token(c) || c == '.' || c == '=' || c == '+' || c == '/'; }

template <typename Is>
std::size_t run(std::string_view text, std::size_t at, Is is) {
  std::size_t end = at;
  while (end < text.size() && is(text[end])) ++end;
  return end - at;
}

struct Provider {
  std::string_view prefix;
  std::size_t more_min;     // how many characters follow, at least
  bool is_word_start_only;  // it may be the end of a word, too: task-…
};
// https://docs.github.com/en/code-security/secret-scanning has most of them.
// Sorted, to be found by the first letter.
constexpr std::array<Provider, 44> kProviders{{
    {"AGE-SECRET-KEY-1", 8, false},
    {"AIza", 30, false},
    {"PMAK-", 16, true},
    {"SG.", 20, true},
    {"dckr_pat_", 8, false},
    {"dop_v1_", 8, false},
    {"eyJ", 12, false},
    {"gho_", 10, false},
    {"ghp_", 10, false},
    {"ghr_", 10, false},
    {"ghs_", 10, false},
    {"ghu_", 10, false},
    {"github_pat_", 8, false},
    {"gldt-", 8, false},
    {"glpat-", 8, false},
    {"glrt-", 8, false},
    {"hf_", 20, true},
    {"hvs.", 20, true},
    {"key-", 24, true},
    {"lin_api_", 8, false},
    {"nfp_", 20, true},
    {"npm_", 30, false},
    {"pypi-", 16, false},
    {"rk_live_", 6, false},
    {"rk_test_", 6, false},
    {"rnd_", 20, true},
    {"shpat_", 8, false},
    {"shpss_", 8, false},
    {"sk-", 16, true},
    {"sk_live_", 6, false},
    {"sk_test_", 6, false},
    {"sq0atp-", 16, false},
    {"sq0csp-", 16, false},
    {"vercel_", 20, true},
    {"whsec_", 8, false},
    {"xapp-", 6, false},
    {"xoxa-", 6, false},
    {"xoxb-", 6, false},
    {"xoxe-", 6, false},
    {"xoxe.", 6, false},
    {"xoxp-", 6, false},
    {"xoxr-", 6, false},
    {"xoxs-", 6, false},
    {"ya29.", 10, false},
}};

// Where in kProviders a letter begins.
constexpr std::array<unsigned char, 256> kFirstProvider = [] {
  std::array<unsigned char, 256> first{};
  first.fill(kProviders.size());
  for (std::size_t i = kProviders.size(); i > 0; --i) {
    first[static_cast<unsigned char>(kProviders[i - 1].prefix[0])] =
        static_cast<unsigned char>(i - 1);
  }
  return first;
}();

std::size_t provider_length(std::string_view text, std::size_t at, bool is_word_start) {
  for (std::size_t i = kFirstProvider[static_cast<unsigned char>(text[at])];
       i < kProviders.size() && kProviders[i].prefix[0] == text[at]; ++i) {
    const Provider& provider = kProviders[i];
    if (provider.is_word_start_only && !is_word_start) continue;
    if (text.compare(at, provider.prefix.size(), provider.prefix) != 0) continue;
    const std::size_t more = run(text, at + provider.prefix.size(), is_dotted_token);
    if (more >= provider.more_min) return provider.prefix.size() + more;
  }
  return 0;
}

// AKIA and the like, and 16 capitals or digits.
std::size_t aws_length(std::string_view text, std::size_t at) {
  const std::string_view prefix = text.substr(at, 4);
  if (prefix != "AKIA" && prefix != "ASIA" && prefix != "ABIA" && prefix != "ACCA") return 0;
  const std::size_t more = run(text, at + 4, [](char c) { return is_upper(c) || is_digit(c); });
  return more >= 12 ? 4 + more : 0;
}

std::size_t private_key_length(std::string_view text, std::size_t at) {
  if (text.compare(at, 11, "-----BEGIN ") != 0) return 0;
  if (text.substr(at, 64).find("PRIVATE KEY") == std::string_view::npos) return 0;
  std::size_t end = text.find("-----END", at);
  if (end == std::string_view::npos) return text.size() - at;
  end = text.find("-----", end + 8);
  return end == std::string_view::npos ? text.size() - at : end + 5 - at;
}

// ISO/IEC 7812: from the right every second digit is doubled.
bool is_luhn(const std::array<int, 19>& digits, std::size_t count) {
  int sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    int digit = digits[count - 1 - i];
    if (i % 2 == 1 && (digit *= 2) > 9) digit -= 9;
    sum += digit;
  }
  return sum % 10 == 0;
}

// 13 to 19 digits, in groups or not. The first one of all cards is 2 to 6, and that of times in
// milliseconds is 1.
std::size_t card_length(std::string_view text, std::size_t at) {
  if (text[at] < '2' || text[at] > '6') return 0;
  std::array<int, 19> digits{};
  std::size_t count = 0;
  std::size_t longest = 0;
  for (std::size_t i = at; i < text.size() && count < digits.size(); ++i) {
    if (!is_digit(text[i])) {
      const bool is_joint = text[i] == ' ' || text[i] == '-' || text[i] == '.';
      if (!is_joint || i + 1 == text.size() || !is_digit(text[i + 1])) break;
      continue;
    }
    digits[count++] = text[i] - '0';
    const bool is_group_end = i + 1 == text.size() || !is_digit(text[i + 1]);
    if (count >= 13 && is_group_end && is_luhn(digits, count)) longest = i + 1 - at;
  }
  return longest;
}

bool is_base64(char c) { return is_alnum(c) || c == '+' || c == '/'; }

int kind_of(char c) { return is_digit(c) ? 0 : is_upper(c) ? 1 : is_lower(c) ? 2 : 3; }

// Of all kinds, and changing from one to another more often than words do.
bool is_mixed(std::string_view token, std::size_t digits_enough) {
  std::array<std::size_t, 4> counts{};
  std::size_t changes = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    ++counts[static_cast<std::size_t>(kind_of(token[i]))];
    if (i > 0 && kind_of(token[i]) != kind_of(token[i - 1])) ++changes;
  }
  if (counts[0] == 0 || counts[1] == 0 || counts[2] == 0) return false;
  return counts[0] >= digits_enough || changes * 10 >= token.size() * 3;
}

// Longer than any name in a program that is mixed like this. AWS' secret keys have 40 characters,
// and with slashes in them look like paths.
std::size_t mixed_length(std::string_view text, std::size_t at) {
  const std::size_t length = run(text, at, is_token);
  if (length >= 28) return is_mixed(text.substr(at, length), 3) ? length : 0;
  constexpr std::size_t kAwsLength = 40;
  if (at > 0 && is_base64(text[at - 1])) return 0;
  const bool is_aws_length = run(text.substr(0, at + kAwsLength + 1), at, is_base64) == kAwsLength;
  return is_aws_length && is_mixed(text.substr(at, kAwsLength), kAwsLength) ? kAwsLength : 0;
}

}  // namespace

std::size_t secret_length(std::string_view text, std::size_t at) {
  const char c = text[at];
  const char before = at == 0 ? ' ' : text[at - 1];
  if (c == '-') return before == '-' ? 0 : private_key_length(text, at);
  if (is_digit(c) && !is_digit(before)) {
    const std::size_t length = card_length(text, at);
    if (length > 0) return length;
  }
  if (!is_alnum(c)) return 0;
  if (c == 'A') {
    const std::size_t length = aws_length(text, at);
    if (length > 0) return length;
  }
  const std::size_t length = is_digit(c) ? 0 : provider_length(text, at, !is_alnum(before));
  if (length > 0 || is_token(before)) return length;
  return mixed_length(text, at);
}

}  // namespace backstay

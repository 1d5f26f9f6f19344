#include "base/redact.h"

#include <algorithm>
#include <array>

#include "base/secret_names.h"
#include "base/secret_shapes.h"

namespace backstay {
namespace {

constexpr std::string_view kMarker = "[redacted]";
constexpr std::size_t kNone = std::string_view::npos;

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_closer(char c) {
  return is_quote(c) || c == ')' || c == ']' || c == '}' || c == '>' || c == ',' || c == ';';
}

bool is_same(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](auto one) { return is_same(word, one); });
}

// What is written where there is no secret.
constexpr std::array<std::string_view, 9> kNoValues{"null",  "none", "nil", "undefined", "true",
                                                    "false", "yes",  "no",  "***"};
// What people write behind the word "bearer" that is no credential.
constexpr std::array<std::string_view, 11> kBearerWords{
    "token", "tokens", "auth", "authentication", "authorization", "credentials", "scheme", "header",
    "is",    "was",    "not"};

// The credential stands behind one of these.
constexpr std::array<std::string_view, 4> kSchemes{"bearer", "basic", "token", "digest"};

class Redactor {
 public:
  Redactor(std::string_view text, std::size_t bytes_max) : text_(text), bytes_max_(bytes_max) {
    out_.reserve(std::min(text.size(), bytes_max) + kMarker.size());
  }

  std::string run() {
    while (at_ < text_.size() && out_.size() < bytes_max_) {
      const bool is_word_start = is_word(text_[at_]) && (at_ == 0 || !is_word(text_[at_ - 1]));
      if (is_word_start && take_word()) continue;
      const std::size_t length = secret_length(text_, at_);
      if (length > 0) {
        hide_until(at_ + length);
      } else if (text_[at_] != ':' || !take_userinfo()) {
        out_.push_back(text_[at_++]);
      }
    }
    return std::move(out_);
  }

 private:
  struct Value {
    std::size_t begin = kNone;
    std::size_t end = kNone;
  };

  [[nodiscard]] char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\n'; }
  [[nodiscard]] bool has(std::size_t at, std::string_view what) const {
    return text_.compare(std::min(at, text_.size()), what.size(), what) == 0;
  }
  [[nodiscard]] std::size_t skip_spaces(std::size_t at) const {
    while (peek(at) == ' ' || peek(at) == '\t') ++at;
    return at;
  }
  void hide_until(std::size_t end) {
    if (!std::string_view(out_).ends_with(kMarker)) out_ += kMarker;
    at_ = end;
  }

  // A name and its value, or Bearer and Basic with theirs.
  bool take_word() {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    std::string_view word = text_.substr(at_, end - at_);
    while (word.starts_with('-')) word.remove_prefix(1);
    Value value = credential(word, end);
    const char before = at_ == 0 ? ' ' : text_[at_ - 1];
    const bool is_query = before == '?' || before == '&';
    if (value.begin == kNone) {
      // Most words have no value: that is known sooner than what they are a name for.
      const std::size_t begin = value_begin(end);
      if (begin == kNone) return false;
      if (is_query ? is_secret_parameter(word) : is_secret_name(word)) {
        value = {begin, value_end(begin, word, is_query)};
      }
    }
    if (value.begin == kNone || value.end <= value.begin) return false;
    if (is_one_of(kNoValues, text_.substr(value.begin, value.end - value.begin))) return false;
    out_ += text_.substr(at_, value.begin - at_);
    hide_until(value.end);
    return true;
  }

  // "Bearer …": whatever follows, save some words. "Basic …": what may be base64.
  [[nodiscard]] Value credential(std::string_view word, std::size_t end) const {
    const bool is_bearer = is_same(word, "bearer");
    if (!is_bearer && !is_same(word, "basic")) return {};
    std::size_t begin = end;
    while (peek(begin) == ' ' || has(begin, "%20") || peek(begin) == '+') {
      begin += peek(begin) == '%' ? 3 : 1;
    }
    if (begin == end || has(begin, kMarker)) return {};
    std::size_t stop = begin;
    while (!is_space(peek(stop)) && !is_closer(peek(stop))) ++stop;
    const std::string_view found = text_.substr(begin, stop - begin);
    if (found.empty() || is_one_of(kBearerWords, found)) return {};
    if (is_bearer) return {begin, stop};
    const bool is_plain_word =
        std::all_of(found.begin(), found.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    return found.size() >= 8 && !is_plain_word ? Value{begin, stop} : Value{};
  }

  // Where the value of a name that ends here begins, or kNone where there is none. What stands
  // between: a quote and a bracket that close the name, and one of = : => := %3D %3A.
  [[nodiscard]] std::size_t value_begin(std::size_t at) const {
    const std::size_t name_end = at;
    const bool is_flag = has(at_, "-");
    while (peek(at) == '\\' || is_quote(peek(at)) || peek(at) == ']' || has(at, "%22") ||
           has(at, "%27")) {
      at += peek(at) == '%' ? 3 : 1;
    }
    const bool is_quoted = at > name_end;
    const std::size_t separator = skip_spaces(at);
    if (is_word(peek(separator)) && !is_flag) return kNone;
    for (const std::string_view sign :
         {"=>", ":=", "==", "=", "%3D", "%3d", "%3A", "%3a", "&#61;", ":"}) {
      if (!has(separator, sign)) continue;
      if (sign == ":" && (has(separator, "::") || has(separator, "://"))) return kNone;
      return skip_spaces(separator + sign.size());
    }
    if (peek(at) == '>' && at_ > 0 && text_[at_ - 1] == '<') return at + 1;
    if (is_quoted && peek(separator) == ',') {
      const std::size_t next = skip_spaces(separator + 1);
      return is_quote(peek(next)) || peek(next) == '\\' ? next : kNone;
    }
    if (is_quoted || separator == at) return kNone;
    return is_flag || is_quote(peek(separator)) ? separator : kNone;
  }

  [[nodiscard]] std::size_t value_end(std::size_t begin, std::string_view name,
                                      bool is_query) const {
    std::size_t open = begin;
    if (has(open, "string(")) open = std::min(text_.find(')', open), text_.size() - 1) + 2;
    while (peek(open) == '\\') ++open;
    if (is_alnum(peek(open)) && is_quote(peek(open + 1))) ++open;  // b'…'
    if (is_quote(peek(open))) return quoted_end(open);
    if (peek(open) == '[' || peek(open) == '{' || peek(open) == '(') return bracket_end(open);
    if (peek(begin - 1) == '>' && peek(begin - 2) != '=') {
      return std::min(text_.find('<', begin), text_.size());
    }
    if (is_secret_header(name) && !is_query) {
      return std::min(text_.find_first_of("\r\n", begin), text_.size());
    }
    return bare_end(begin, is_query);
  }

  // The quote may stand in a text that was quoted itself: \"…\" ends at a quote that has no more
  // backslashes before it than the first.
  [[nodiscard]] std::size_t quoted_end(std::size_t open) const {
    const auto slashes_before = [&](std::size_t at) {
      std::size_t count = 0;
      while (at > count && text_[at - count - 1] == '\\') ++count;
      return count;
    };
    const std::size_t slashes = slashes_before(open);
    for (std::size_t at = text_.find(text_[open], open + 1); at != kNone;
         at = text_.find(text_[open], at + 1)) {
      if (slashes_before(at) > slashes) continue;
      if (text_[at] == '\'' && peek(at + 1) == '\'' && at > open + 1) {
        ++at;  // SQL writes a quote inside of quotes twice
        continue;
      }
      return at + 1;
    }
    return text_.size();
  }

  [[nodiscard]] std::size_t bracket_end(std::size_t open) const {
    std::size_t depth = 0;
    for (std::size_t at = open; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '[' || c == '{' || c == '(') ++depth;
      if ((c == ']' || c == '}' || c == ')') && --depth == 0) return at + 1;
    }
    return text_.size();
  }

  // Up to a space. A bracket or comma ends it only where something else begins behind: passwords
  // have such characters.
  [[nodiscard]] std::size_t bare_end(std::size_t begin, bool is_query) const {
    for (std::size_t end = begin;; begin = ++end) {
      for (; !is_space(peek(end)); ++end) {
        const char c = peek(end);
        if (is_query && (c == '&' || c == '#' || is_quote(c))) break;
        const char next = peek(end + 1);
        if (is_closer(c) && (is_space(next) || is_closer(next) || next == '\\')) break;
      }
      const std::string_view value = text_.substr(begin, end - begin);
      if (peek(end) != ' ' || !is_one_of(kSchemes, value)) return end;
    }
  }

  // At a colon: scheme://user:password@host, or user:password@host.
  bool take_userinfo() {
    find_run();
    if (run_at_sign_ == kNone || run_at_sign_ <= at_) return false;
    if (!has(at_, "://")) {
      const bool is_user = at_ > 0 && is_word(text_[at_ - 1]) && peek(at_ + 1) != ':';
      if (!is_user || run_at_sign_ == at_ + 1) return false;
      out_.push_back(':');
      hide_until(run_at_sign_);
      return true;
    }
    const std::size_t begin = at_ + 3;
    const std::size_t host_end = std::min(text_.find_first_of("/?#", begin), run_end_);
    const std::string_view authority = text_.substr(begin, host_end - begin);
    std::size_t sign = authority.rfind('@');
    if (sign != kNone) {
      // A password may have all of these in it, too.
      const std::size_t query = std::min(text_.find('?', begin + sign), run_end_);
      sign = begin + text_.substr(begin, query - begin).rfind('@');
    } else {
      // A password may have a slash in it; behind the colon of a host is its port.
      const std::size_t colon = authority.rfind(':');
      const bool is_port =
          colon != kNone && authority.find_first_not_of("0123456789", colon + 1) == kNone;
      if (colon == kNone || is_port) return false;
      sign = run_at_sign_;
    }
    if (sign <= begin) return false;
    out_ += "://";
    hide_until(sign);
    return true;
  }

  // The end of the text without spaces and quotes that we are in, and the last @ in it: looked for
  // once for each, or a text of nothing but colons would take its length squared.
  void find_run() {
    if (at_ < run_end_) return;
    run_end_ = std::min(text_.find_first_of(" \t\r\n\"'`<>", at_), text_.size());
    const std::size_t sign = text_.substr(at_, run_end_ - at_).rfind('@');
    run_at_sign_ = sign == kNone ? kNone : at_ + sign;
  }

  const std::string_view text_;
  const std::size_t bytes_max_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t run_end_ = 0;
  std::size_t run_at_sign_ = kNone;
};

}  // namespace

std::string redact(std::string_view text, std::size_t bytes_max) {
  return Redactor(text, bytes_max).run();
}

}  // namespace backstay

#include "exporter/requests/fingerprint.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exporter/requests/fold_message.h"
#include "exporter/requests/routes.h"
#include "exporter/requests/stack_trace.h"

namespace backstay::requests {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The last two segments: the same file wherever the service is installed. Behind a file's name its
// hash may stand, which a bundler makes anew for each release: app-3f2a1b9c.js.
void add_file(std::string_view file, std::string& parts) {
  file = file.substr(0, file.find('?'));
  std::size_t cut = file.find_last_of("/\\");
  if (cut != kNone && cut > 0) {
    const std::size_t before = file.find_last_of("/\\", cut - 1);
    const std::string_view folder = file.substr(before + 1, cut - before - 1);
    // /srv/releases/20261125140512/app.py
    parts += is_identifier(folder) ? std::string_view("*") : folder;
    parts += '/';
  }
  file.remove_prefix(cut == kNone ? 0 : cut + 1);
  while (!file.empty()) {
    const std::size_t end = std::min(file.find_first_of(".-", 1), file.size());
    const std::string_view piece = file.substr(0, end);
    const bool has_joint = piece.front() == '.' || piece.front() == '-';
    if (!has_joint || !is_identifier(piece.substr(1))) parts += piece;
    file.remove_prefix(end);
  }
}

// Without what a compiler numbers anew: lambda$main$0, $$Lambda$14/0x0000000800c03000, <Run>d__5.
void add_function(std::string_view function, std::string& parts) {
  std::size_t digits_from = kNone;
  for (std::size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (c == '$' || c == '/' || (c == '_' && i > 0 && function[i - 1] == '_')) digits_from = i + 1;
    const bool is_hidden = is_digit(c) && digits_from != kNone &&
                           (i == digits_from || is_digit(function[i - 1]) ||
                            function.substr(digits_from).starts_with("0x"));
    if (!is_hidden) parts += c;
    if (c == '.') digits_from = kNone;
  }
}

// Stacks with the same key have the same identity. Of "Type: message" with frames right below it
// the message does not matter: in a storm it has another id each time.
std::uint64_t key_of(std::string_view stack) {
  const std::size_t line_end = std::min(stack.find('\n'), stack.size());
  const std::string_view header = stack.substr(0, line_end);
  const std::string_view rest = stack.substr(line_end);
  const std::size_t frame = std::min(rest.find_first_not_of(" \t\n"), rest.size());
  if (rest.compare(frame, 3, "at ") != 0 || header.find("--->") != kNone) return hash_of(stack);
  const std::string_view type = exception_type(header);
  if (type.empty()) return hash_of(stack);
  return XXH3_64bits_withSeed(rest.data(), rest.size(), hash_of(type));
}

bool is_exception_name(std::string_view type) {
  return type.ends_with("Error") || type.ends_with("Exception") || type.find("::") != kNone;
}

}  // namespace

void Fingerprinter::add(std::string_view part) {
  parts_ += part;
  parts_ += '\0';
}

std::uint64_t Fingerprinter::of_request(std::string_view method, std::string_view route,
                                        int status) {
  parts_.clear();
  add("request");
  add(method);
  add(route);
  parts_ += static_cast<char>(status & 0xff);
  parts_ += static_cast<char>(status >> 8);
  return hash_of(parts_);
}

Fingerprinter::StackIdentity Fingerprinter::identity_of(std::string_view text) {
  const std::uint64_t hash = key_of(text);
  StackIdentity& known = known_stacks_[hash % known_stacks_.size()];
  if (known.text == hash) return known;
  const StackTrace stack = parse_stack(text);
  parts_.clear();
  add("stack");
  add(stack.type);
  add(stack.root_type);
  for (std::size_t i = 0; i < stack.frame_count; ++i) {
    add_function(stack.frames[i].function, parts_);
    parts_ += '\0';
    add_file(stack.frames[i].file, parts_);
    parts_ += '\0';
  }
  known = {hash, hash_of(parts_), !stack.type.empty(), stack.frame_count > 0};
  return known;
}

std::uint64_t Fingerprinter::of_message(const formats::LogMessage& message) {
  const bool has_own = !message.stack.empty();
  std::string_view text = message.message;
  StackIdentity identity;
  if (has_own || text.find('\n') != kNone) identity = identity_of(has_own ? message.stack : text);
  if (identity.has_frames && identity.has_type) return identity.frames;
  parts_.clear();
  add("message");
  if (identity.has_frames) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
      parts_ += static_cast<char>((identity.frames >> shift) & 0xff);
    }
    const std::string_view type = exception_type(text);
    if (is_exception_name(type)) {
      add(type);
      return hash_of(parts_);
    }
    if (!has_own) text = text.substr(0, text.find('\n'));
  }
  fold_message(text.empty() ? message.stack : text, folded_);
  add(folded_);
  return hash_of(parts_);
}

std::string title_of(std::string_view message, std::string_view stack) {
  const StackTrace trace = parse_stack(stack.empty() ? message : stack);
  std::string title;
  if (trace.frame_count > 0 && !trace.type.empty()) {
    fold_message(trace.message.substr(0, trace.message.find('\n')), title);
    return std::string(trace.type) + (title.empty() ? "" : ": ") + title;
  }
  const std::string_view text = message.empty() ? stack : message;
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  fold_message(text.substr(begin, text.find('\n', begin) - begin), title);
  return title;
}

std::string to_hex(std::uint64_t fingerprint) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex(16, '0');
  for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, fingerprint >>= 4) {
    *digit = kDigits[fingerprint & 0xf];
  }
  return hex;
}

}  // namespace backstay::requests

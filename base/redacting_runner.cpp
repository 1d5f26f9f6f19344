#include "base/redacting_runner.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "base/redact.h"

namespace backstay {
namespace {

constexpr std::string_view kMarker = "[redacted]";

// Longest first: one may be a part of another. Views into the secrets, never copies.
std::vector<std::string_view> lines_of(const std::vector<Secret>& known, std::size_t bytes_min) {
  std::vector<std::string_view> lines;
  for (const Secret& secret : known) {
    std::string_view rest = secret.reveal();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.size() >= bytes_min) lines.push_back(line);
    }
  }
  std::sort(lines.begin(), lines.end(),
            [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  return lines;
}

std::string blanked(std::string_view text, std::string_view secret) {
  std::string kept;
  for (std::size_t at = text.find(secret); at != std::string_view::npos; at = text.find(secret)) {
    kept.append(text.substr(0, at)).append(kMarker);
    text.remove_prefix(at + secret.size());
  }
  return kept.append(text);
}

std::string without_secret_lines(const std::string& text, const std::vector<Secret>& known) {
  const std::vector<std::string_view> secrets = lines_of(known, kSecretLineBytesMin);
  std::string kept;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string_view shown = line;
    if (shown.ends_with('\r')) shown.remove_suffix(1);
    const bool is_secret = std::find(secrets.begin(), secrets.end(), shown) != secrets.end();
    kept += is_secret ? kMarker : std::string_view(line);
    if (!lines.eof()) kept += '\n';
  }
  return kept;
}

void drop_last_line(std::string& text) {
  const std::size_t end = text.rfind('\n');
  text.resize(end == std::string::npos ? 0 : end + 1);
}

}  // namespace

std::string without_secrets(const std::string& text, const std::vector<Secret>& known) {
  std::string kept = text;
  for (const std::string_view secret : lines_of(known, kKnownSecretBytesMin)) {
    kept = blanked(kept, secret);
  }
  return redact(kept, std::string_view::npos);
}

CommandResult RedactingRunner::run(const Command& command) {
  CommandResult result = runner_.run(command);
  if (result.truncated && result.err.size() >= command.output_bytes_max) {
    drop_last_line(result.err);
  }
  if (result.out.empty() && result.err.empty()) return result;
  const std::vector<Secret> known = held_();
  result.err = without_secrets(result.err, known);
  result.out = without_secret_lines(result.out, known);
  return result;
}

}  // namespace backstay

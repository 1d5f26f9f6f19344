#include "exporter/metrics/labels.h"

#include <algorithm>

#include "base/utf8.h"
#include "exporter/metrics/escape.h"

namespace backstay::metrics {
namespace {

constexpr std::size_t kBytesBetween = 4;  // ="",

}  // namespace

Labels::Labels(std::vector<Pair> pairs) {
  if (pairs.empty()) return;
  std::sort(pairs.begin(), pairs.end());
  std::size_t bytes = 0;
  for (const auto& [name, value] : pairs) bytes += name.size() + value.size() + kBytesBetween;
  std::string text;
  text.reserve(bytes);
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text += ',';
    text.append(name).append("=\"");
    if (is_valid_utf8(value)) {
      append_escaped(text, value);
    } else {
      append_escaped(text, valid_utf8(value));
    }
    text += '"';
  }
  const auto chars = std::make_shared<char[]>(text.size());
  text.copy(chars.get(), text.size());
  chars_ = chars;
  size_ = text.size();
}

std::map<std::string, std::string> Labels::pairs() const {
  std::map<std::string, std::string> pairs;
  const std::string_view text = this->text();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    const std::string name(text.substr(at, equals - at));
    std::string value;
    for (at = equals + 2; text[at] != '"'; ++at) {
      if (text[at] != '\\') {
        value += text[at];
        continue;
      }
      ++at;
      value += text[at] == 'n' ? '\n' : text[at];
    }
    pairs[name] = value;
    at += 2;  // the quote and a comma
  }
  return pairs;
}

Labels Labels::with(const std::string& name, const std::string& value) const {
  std::vector<Pair> all;
  for (const auto& pair : pairs()) all.emplace_back(pair);
  all.emplace_back(name, value);
  return Labels(std::move(all));
}

}  // namespace backstay::metrics

#include "exporter/metrics/escape.h"

#include <algorithm>

namespace backstay::metrics {
namespace {

// There is hardly ever something to escape: what lies between is copied as a whole.
template <class IsSpecial>
void append(std::string& to, std::string_view text, IsSpecial is_special) {
  while (true) {
    const auto special = std::find_if(text.begin(), text.end(), is_special);
    to.append(text.begin(), special);
    if (special == text.end()) return;
    to += '\\';
    to += *special == '\n' ? 'n' : *special;
    text.remove_prefix(static_cast<std::size_t>(special - text.begin()) + 1);
  }
}

}  // namespace

void append_escaped(std::string& to, std::string_view text) {
  append(to, text, [](char c) { return c == '\\' || c == '\n' || c == '"'; });
}

void append_escaped_but_quotes(std::string& to, std::string_view text) {
  append(to, text, [](char c) { return c == '\\' || c == '\n'; });
}

}  // namespace backstay::metrics

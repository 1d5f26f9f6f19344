#include "exporter/web/query.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace backstay::web {
namespace {

using collectors::CollectorFilter;

Result<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned value = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, 16);
    if (digits.size() != 2 || parsed.ec != std::errc() || parsed.ptr != end) {
      return fail("the query has a % without two hexadecimal digits behind it");
    }
    plain += static_cast<char>(value);
    i += 2;
  }
  return plain;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view piece = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (piece.empty()) continue;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = decoded(piece.substr(0, equals));
    if (!name) return fail(name.error());
    auto value = decoded(piece.substr(std::min(equals + 1, piece.size())));
    if (!value) return fail(value.error());
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

Result<CollectorFilter> collector_filter(std::string_view query,
                                         const std::vector<std::string>& known) {
  const auto parameters = parse_query(query);
  if (!parameters) return fail(parameters.error());
  std::set<std::string> collect;
  std::set<std::string> exclude;
  for (const auto& [name, value] : *parameters) {
    if (name != "collect[]" && name != "exclude[]") continue;
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      return fail(name + ": there is no collector \"" + value + "\"; there are: " + list_of(known));
    }
    (name == "collect[]" ? collect : exclude).insert(value);
  }
  if (!collect.empty() && !exclude.empty())
    return fail("collect[] and exclude[] exclude each other");
  if (!collect.empty()) return CollectorFilter::only(std::move(collect));
  return CollectorFilter::all_but(std::move(exclude));
}

}  // namespace backstay::web

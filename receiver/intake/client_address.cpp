#include "receiver/intake/client_address.h"

#include <algorithm>
#include <string_view>

#include <strings.h>

namespace backstay::intake {
namespace {

using Hop = std::optional<IpAddress>;  // nothing: it is written there, but it is no address

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

using Parts = std::vector<std::string_view>;

// At every separator: X-Forwarded-For knows no quotes.
Parts split_plainly(std::string_view text, char separator) {
  Parts parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

// The end of the text in quotes that begins there; npos where nothing ends it.
std::size_t end_of_quotes(std::string_view text, std::size_t begin) {
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at;
    }
  }
  return std::string_view::npos;
}

// Whether the value that ends before `at` ends there for the next reader too.
bool ends_a_value(std::string_view text, std::size_t at) {
  return at == text.size() || std::string_view(",; \t").find(text[at]) != std::string_view::npos;
}

// At each separator that is not inside quotes. Nothing where the quotes are not as the standard has
// them, a whole value after its "=": our proxy appends to what the sender wrote, and quotes that
// the sender leaves open would swallow the proxy's word.
std::optional<Parts> split(std::string_view text, char separator) {
  Parts parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      const std::size_t end = end_of_quotes(text, at);
      const bool is_value = at > 0 && text[at - 1] == '=';
      if (!is_value || end == std::string_view::npos || !ends_a_value(text, end + 1)) {
        return std::nullopt;
      }
      at = end;
    } else if (text[at] == separator) {
      parts.push_back(trimmed(text.substr(begin, at - begin)));
      begin = at + 1;
    }
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

// An address, also with a port: "192.0.2.7:80", "[2001:db8::7]", "[2001:db8::7]:80".
Hop parse_node(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    if (end + 1 < text.size() && text[end + 1] != ':') return std::nullopt;
    return IpAddress::parse(text.substr(1, end - 1));
  }
  const std::size_t colon = text.find(':');
  const bool is_ipv4_with_port = colon != std::string_view::npos && colon == text.rfind(':');
  return IpAddress::parse(is_ipv4_with_port ? text.substr(0, colon) : text);
}

std::vector<Hop> x_forwarded_for(std::string_view header) {
  std::vector<Hop> hops;
  for (const std::string_view entry : split_plainly(header, ',')) hops.push_back(parse_node(entry));
  return hops;
}

// for=192.0.2.43;proto=https, for="[2001:db8::1]:4711"
Hop forwarded_element(std::string_view element) {
  const auto pairs = split(element, ';');
  if (!pairs) return std::nullopt;
  for (const std::string_view pair : *pairs) {
    constexpr std::string_view kFor = "for=";
    if (pair.size() < kFor.size() || ::strncasecmp(pair.data(), kFor.data(), kFor.size()) != 0) {
      continue;
    }
    std::string_view value = pair.substr(kFor.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return parse_node(value);
  }
  return std::nullopt;
}

std::vector<Hop> forwarded(std::string_view header) {
  const auto elements = split(header, ',');
  if (!elements) return {std::nullopt};
  std::vector<Hop> hops;
  for (const std::string_view element : *elements) hops.push_back(forwarded_element(element));
  return hops;
}

// The peer is trusted, so the last entry is its word.
Hop sender(const std::vector<Hop>& hops, const std::vector<IpNetwork>& trusted) {
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    if (!*hop || !is_in_any(**hop, trusted)) return *hop;
  }
  return hops.front();  // proxies of ours all the way
}

}  // namespace

bool is_in_any(const IpAddress& address, const std::vector<IpNetwork>& networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpNetwork& network) { return network.contains(address); });
}

std::optional<IpAddress> client_address(const std::string& peer,
                                        const std::map<std::string, std::string>& headers,
                                        const std::vector<IpNetwork>& trusted_proxies) {
  const auto address = IpAddress::parse(peer);
  if (!address || !is_in_any(*address, trusted_proxies)) return address;
  const auto by_list = headers.find("x-forwarded-for");
  const auto by_standard = headers.find("forwarded");
  const bool has_list = by_list != headers.end();
  const bool has_standard = by_standard != headers.end();
  if (!has_list && !has_standard) return address;  // the proxy itself
  const Hop listed = has_list ? sender(x_forwarded_for(by_list->second), trusted_proxies) : Hop();
  const Hop standard =
      has_standard ? sender(forwarded(by_standard->second), trusted_proxies) : Hop();
  if (has_list && has_standard) return listed == standard ? listed : std::nullopt;
  return has_list ? listed : standard;
}

}  // namespace backstay::intake

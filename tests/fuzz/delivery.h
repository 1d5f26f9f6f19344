#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "receiver/intake/provider.h"

namespace backstay::fuzz {

// When every delivery comes.
inline constexpr WallTime kNow{std::chrono::seconds(1'614'265'330)};

// A delivery as people can write it down: lines "name: value" of headers, an empty line, the body.
// The body is a view of the input.
inline intake::Delivery delivery_of(std::string_view input) {
  intake::Delivery delivery;
  delivery.received_at = kNow;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    delivery.headers[std::string(line.substr(0, colon))] = std::string(line.substr(colon + 2));
  }
  delivery.body = input;
  return delivery;
}

}  // namespace backstay::fuzz

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "receiver/event.h"

namespace backstay::intake {

// How large what a genuine sender says may be. A body has a limit too, but what is in it stands in
// the journal for months, and in every answer about it.
constexpr std::size_t kShownBytesMax = 256;  // who, and about what: for people to read
constexpr std::size_t kDedupeKeyBytesMax = 1024;
constexpr std::size_t kEventBytesMax = 64 * 1024;  // labels and all; release details have their own

// Makes an event of a payload small enough, and names the fields that were not. What is only shown
// is cut, and ends in "…": a name that is too long must not cost the event. So are an actor and a
// subject, but for an alert's: Prometheus is asked by that. The key becomes its hash, which tells
// one event from another as well. Fails where all of it is too large. Pure.
Result<std::vector<std::string_view>> bound(Event& event);

// The key, or the hash of one that is too long.
std::string bounded_key(std::string key);

}  // namespace backstay::intake

#pragma once

#include <optional>
#include <string_view>

#include "receiver/intake/unserved.h"

namespace backstay::intake {

// Why nobody can say for certain where a request ends.
struct UnclearFraming {
  Unserved reason;
  std::string_view says;  // for the sender; static
};

// Of a request's head as it came, from its first line to the empty one. A proxy in front may read
// such a head in the other way, and then a part of one sender's body is another's request. The
// library is no help: it takes the first of two lengths, and passes over lines that it cannot read.
// Nothing: there is one way to read it. Pure. RFC 9112, 2.2, 5 and 6.
std::optional<UnclearFraming> unclear_framing(std::string_view head);

}  // namespace backstay::intake

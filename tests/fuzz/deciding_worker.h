#pragma once

#include <vector>

#include "receiver/event.h"

namespace backstay::fuzz {

// What happens to events once a provider has accepted them: each can be stored, is read back as it
// was, and reaches a decision. For any events.
void require_decisions(const std::vector<Event>& events);

}  // namespace backstay::fuzz

#pragma once

#include <cstdint>

#include "receiver/journal/database.h"
#include "receiver/policy/policy.h"

namespace backstay {

// What the journal knows that a decision about the event looks at, as far back as the policy's
// guards look.
History load_history(journal::Transaction& tx, std::int64_t event_id, WallTime received_at,
                     const Policy& policy, WallTime now);

}  // namespace backstay

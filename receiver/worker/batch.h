#pragma once

#include <vector>

#include "receiver/journal/database.h"
#include "receiver/policy/policy.h"

namespace backstay {

// How many share one look at the world, and how many of those one transaction: webhooks wait for
// its end.
constexpr int kSharedLookMax = 512;
constexpr int kDecidedTogetherMax = 64;

// Deploy events that no rule names: a storm of them should not ask the driver for each. Nothing is
// done for one of them, so that each finds the world and the journal as the one before it did.
bool may_share_a_look(const Event& event, const Policy& policy);

// The event, and those after it that can be decided by the same look; most are decided alone. It
// has to be taken after this, so that it is newer than all of them.
std::vector<StoredEvent> batch_from(journal::Transaction& tx, const StoredEvent& first,
                                    const Policy& policy);

}  // namespace backstay

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "receiver/policy/policy.h"

namespace backstay {

// An event as docs/JOURNAL.md lists its columns: `kind` is required; times are milliseconds or RFC
// 3339, labels an object or the text of one. An Error names the key.
Result<StoredEvent> event_from_json(const nlohmann::json& document, WallTime now);

// What would be decided about the event now, and each guard that was asked, in order. Pure: what
// the ledger would be corrected by the driver's word is assumed, not written.
nlohmann::json explain(const StoredEvent& event, const Facts& facts, History history,
                       const Policy& policy, WallTime now);

}  // namespace backstay

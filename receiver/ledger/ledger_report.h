#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "receiver/ledger/ledger.h"

namespace backstay {

// candidate, settling (it is live), observed (live by other means: good only when it is adopted),
// good or poisoned.
std::string state_of(const Release& release, const Ledger& ledger);

// The ledger as `backstay releases list --json` prints it: {"releases": […], "deployments": […]},
// the newest first. Of what a release is made of, who deployed it and which migrations came with it
// only what is known is there. `kept` is what the driver still has; nothing where it cannot tell.
nlohmann::json ledger_report(const Ledger& ledger,
                             const std::map<std::string, ReleaseDetails>& details,
                             const std::optional<std::vector<std::string>>& kept);

}  // namespace backstay

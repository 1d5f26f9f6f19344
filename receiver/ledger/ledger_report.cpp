#include "receiver/ledger/ledger_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"

namespace backstay {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<WallTime>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

json release_json(const Release& release, const Ledger& ledger) {
  const Deployment* live = ledger.live();
  json entry = {{"release", release.name},
                {"state", state_of(release, ledger)},
                {"live", live != nullptr && live->release == release.name},
                {"first_seen_at", format_rfc3339(release.first_seen_at)},
                {"good_at", time_or_null(release.good_at)},
                {"poisoned_at", time_or_null(release.poisoned_at)},
                {"poison_reason", release.poison_reason}};
  entry["rollback_safe"] = release.rollback_safe;
  const auto last = std::find_if(
      ledger.deployments.begin(), ledger.deployments.end(),
      [&](const Deployment& each) { return each.release == release.name && !each.actor.empty(); });
  if (last != ledger.deployments.end()) entry["deployed_by"] = last->actor;
  return entry;
}

json deployment_json(const Deployment& deployment) {
  json entry = {{"id", deployment.id},
                {"release", deployment.release},
                {"kind", deployment.kind},
                {"live_at", format_rfc3339(deployment.live_at)},
                {"ended_at", time_or_null(deployment.ended_at)},
                {"rolled_back", deployment.rolled_back},
                {"failed_at", time_or_null(deployment.failed_at)},
                {"recovered_at", time_or_null(deployment.recovered_at)}};
  if (deployment.run_id) entry["run_id"] = *deployment.run_id;
  if (!deployment.actor.empty()) entry["actor"] = deployment.actor;
  if (!deployment.purpose.empty()) entry["purpose"] = deployment.purpose;
  return entry;
}

}  // namespace

std::string state_of(const Release& release, const Ledger& ledger) {
  if (release.poisoned_at) return "poisoned";
  if (release.good_at) return "good";
  const Deployment* live = ledger.live();
  if (live == nullptr || live->release != release.name) return "candidate";
  return live->kind == "observed" ? "observed" : "settling";
}

json ledger_report(const Ledger& ledger, const std::map<std::string, ReleaseDetails>& details,
                   const std::optional<std::vector<std::string>>& kept) {
  json releases = json::array();
  for (const Release& release : ledger.releases) {
    json entry = release_json(release, ledger);
    const auto known = details.find(release.name);
    if (known != details.end()) entry.update(to_json(known->second));
    if (kept) entry["kept"] = std::find(kept->begin(), kept->end(), release.name) != kept->end();
    releases.push_back(std::move(entry));
  }
  json deployments = json::array();
  for (const Deployment& deployment : ledger.deployments) {
    deployments.push_back(deployment_json(deployment));
  }
  return {{"releases", std::move(releases)}, {"deployments", std::move(deployments)}};
}

}  // namespace backstay

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"
#include "receiver/ledger/ledger.h"

namespace backstay {

// How well software is delivered, as DORA counts it (https://dora.dev/guides/dora-metrics/): the
// rules by which the ledger's deployments become its five metrics. docs/METRICS.md explains them.

// What a deployment that begins now counts as: "planned", "rework" or "rollback"; empty for what is
// none, a release that was there before the ledger knew of any, or that a person adopted. Going
// back to a release that was live before this one is a rollback, whoever does it. Rework is what
// its sender calls so; and, where the sender says nothing, what takes the place of a deployment
// that failed, or of a rollback. Pure.
std::string purpose_of(const Ledger& before, const std::string& release, const std::string& kind,
                       const std::optional<bool>& rework);

// The deployment needs someone, or something, to step in. Once for each; the first reason is kept.
void note_failed(journal::Transaction& tx, std::int64_t deployment_id, WallTime at,
                 const std::string& reason);
// The run ended badly: so did the deployment that it made, if it came that far. What is ended
// before its switch is an attempt, and no deployment.
void note_run_failed(journal::Transaction& tx, std::int64_t run_id, WallTime at,
                     const std::string& reason);
// The deployment that this run made is verified: those that failed before it are over. One that was
// followed by a release that nobody verified, because the driver alone told of it, is never
// counted: when it was over is not known.
void note_verified(journal::Transaction& tx, std::int64_t run_id, WallTime at);
// The release goes live for the first time. Commits of the future are a clock's mistake, and left
// out.
void count_lead_times(journal::Transaction& tx, const std::vector<WallTime>& commit_times,
                      WallTime live_at);

}  // namespace backstay

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/journal/database.h"
#include "receiver/release_details.h"

namespace backstay {

// A release is a name; deploying it twice makes two deployments. It starts as a candidate, is good
// once a deployment of it has settled (or a person adopted it), and poisoned once it was rolled
// back.
struct Release {
  std::string name;
  WallTime first_seen_at;
  std::optional<WallTime> good_at;
  std::optional<WallTime> poisoned_at;
  std::string poison_reason;
  bool rollback_safe = true;  // may be rolled back over: it changed no data for good
};

struct Deployment {
  std::int64_t id = 0;
  std::string release;
  std::string kind;  // deploy, rollback, adopted (by a person), observed (the driver told)
  std::optional<std::int64_t> run_id;
  // When its switch began: from then on it may have served.
  WallTime live_at;
  std::optional<WallTime> ended_at;
  bool rolled_back = false;
  std::string actor = {};    // who deployed it; empty where nobody told
  std::string purpose = {};  // planned, rework, rollback, or empty: see purpose_of() in delivery.h
  std::optional<WallTime> failed_at = {};     // when it was known to need stepping in
  std::optional<WallTime> recovered_at = {};  // when a release after it was verified
};

// Who deploys a release, and what is told of it; empty where nobody told.
struct Origin {
  std::string actor = {};
  ReleaseDetails details = {};
};

// What was live when, newest deployment first.
struct Ledger {
  std::vector<Release> releases;
  std::vector<Deployment> deployments;

  [[nodiscard]] const Deployment* live() const;
  [[nodiscard]] const Release* find(const std::string& name) const;
};

// Where a rollback of the live deployment would go, or why nowhere.
struct RollbackTarget {
  enum class Verdict { found, no_good_release, not_rollback_safe, not_kept, fled_from };
  Verdict verdict = Verdict::no_good_release;
  std::string release;  // the target, or the release that stands in the way
};
// The newest release that was good and is not poisoned, if every release since is rollback_safe and
// the driver still keeps it. Never a second choice: an older one was not asked for by anyone. Nor
// one that was first live after the live one: somebody has gone back from it.
RollbackTarget rollback_target(const Ledger& ledger, const std::vector<std::string>& kept);
// The id of the deployment by which the release went live for the first time; 0: it never did.
std::int64_t first_deployment_of(const Ledger& ledger, const std::string& release);
// The newest release since the target was last live that must not be rolled back over; none where
// the way is free.
std::optional<std::string> in_the_way(const Ledger& ledger, const std::string& target);

// --- changes; each notes who did it and why ---

Ledger load_ledger(journal::Transaction& tx);
// What is known of each release, by name; rollback_safe is with the release, rework with the
// deployment.
std::map<std::string, ReleaseDetails> load_details(journal::Transaction& tx);
// Someone wants to deploy this release, and tells of it: known before anything is done, so that it
// is not lost with what goes wrong.
void note_candidate(journal::Transaction& tx, const std::string& release, WallTime at,
                    const Origin& origin);
// A line of the audit.
void note_change(journal::Transaction& tx, WallTime at, const std::string& what,
                 const std::string& release, const std::string& actor, const std::string& reason);
// Ends the live deployment and opens the next.
void open_deployment(journal::Transaction& tx, const std::string& release, const std::string& kind,
                     std::optional<std::int64_t> run_id, WallTime live_at,
                     const Origin& origin = {});
// The deployment was rolled back: it failed, and its release is poisoned until a person clears it.
void mark_rolled_back(journal::Transaction& tx, std::int64_t deployment_id, WallTime at,
                      const std::string& reason);
// A live deployment that has been so for long enough, which is the caller's to say, makes its
// release good, if its run ended well and no alert that a rule names began meanwhile: else only a
// person may call it good. Returns that release's name.
std::optional<std::string> promote_settled(journal::Transaction& tx, WallTime now);
// The driver says what is live; where the ledger disagrees, a webhook was lost: the driver is
// right. Returns true where the ledger had to be corrected. Where a webhook tells of that very
// release, `origin` is what it says, and fills in what the ledger does not know yet.
bool reconcile(journal::Transaction& tx, const std::string& live_release, WallTime at,
               const Origin& origin = {});
// A person says that this release is live and good.
void adopt(journal::Transaction& tx, const std::string& release, WallTime at,
           const std::string& actor, const std::string& reason);
// A person takes the poison off; false where there is none.
bool clear_poison(journal::Transaction& tx, const std::string& release, WallTime at,
                  const std::string& actor, const std::string& reason);

}  // namespace backstay

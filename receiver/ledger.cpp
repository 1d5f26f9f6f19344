#include "receiver/ledger.h"

#include <algorithm>

#include "base/timestamp.h"

namespace backstay {
namespace {

using journal::Statement;
using journal::Transaction;

// Alerts that turned out to be none, or another release's, are no mark on this one.
constexpr const char* kSettled = R"sql(
SELECT d.release FROM deployments d JOIN releases r ON r.name = d.release
WHERE d.ended_at IS NULL AND d.kind != 'observed' AND r.good_at IS NULL
  AND r.poisoned_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM runs WHERE id = d.run_id AND outcome IS NOT 'done')
  AND NOT EXISTS (SELECT 1 FROM events e JOIN decisions x ON x.event_id = e.id
                  WHERE e.kind = 'alert_firing' AND x.rule != '' AND e.began_at >= d.live_at
                    AND x.reason NOT IN ('alert_not_firing', 'older_than_release'))
  AND NOT EXISTS (SELECT 1 FROM approvals a LEFT JOIN decisions x ON x.event_id = a.event_id
                  WHERE a.action = 'rollback' AND x.event_id IS NULL)
)sql";

std::optional<WallTime> maybe_time(const Statement& row, int column) {
  const auto ms = row.maybe_integer(column);
  return ms ? std::optional(from_unix_ms(*ms)) : std::nullopt;
}

void note_change(Transaction& tx, WallTime at, const std::string& what, const std::string& release,
                 const std::string& actor, const std::string& reason) {
  tx.prepare("INSERT INTO changes (at, what, release, actor, reason) VALUES (?, ?, ?, ?, ?)")
      .bind(to_unix_ms(at))
      .bind(what)
      .bind(release)
      .bind(actor)
      .bind(reason)
      .run();
}

void ensure_release(Transaction& tx, const std::string& name, WallTime at) {
  tx.prepare("INSERT INTO releases (name, first_seen_at) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .bind(name)
      .bind(to_unix_ms(at))
      .run();
}

}  // namespace

const Deployment* Ledger::live() const {
  return deployments.empty() || deployments.front().ended_at ? nullptr : &deployments.front();
}

const Release* Ledger::find(const std::string& name) const {
  const auto found = std::find_if(releases.begin(), releases.end(),
                                  [&](const Release& release) { return release.name == name; });
  return found == releases.end() ? nullptr : &*found;
}

std::optional<std::string> in_the_way(const Ledger& ledger, const std::string& target) {
  for (const Deployment& deployment : ledger.deployments) {
    if (deployment.release == target) break;
    const Release* release = ledger.find(deployment.release);
    if (release != nullptr && !release->rollback_safe) return release->name;
  }
  return std::nullopt;
}

RollbackTarget rollback_target(const Ledger& ledger, const std::vector<std::string>& kept) {
  using Verdict = RollbackTarget::Verdict;
  const Deployment* live = ledger.live();
  if (live == nullptr) return {Verdict::no_good_release, ""};
  for (const Deployment& deployment : ledger.deployments) {
    const Release* release = ledger.find(deployment.release);
    const bool is_target = release != nullptr && deployment.release != live->release &&
                           release->good_at && !release->poisoned_at;
    if (!is_target) continue;
    if (const auto unsafe = in_the_way(ledger, release->name)) {
      return {Verdict::not_rollback_safe, *unsafe};
    }
    if (std::find(kept.begin(), kept.end(), release->name) == kept.end()) {
      return {Verdict::not_kept, release->name};
    }
    return {Verdict::found, release->name};
  }
  return {Verdict::no_good_release, ""};
}

Ledger load_ledger(Transaction& tx) {
  Ledger ledger;
  Statement releases = tx.prepare(
      "SELECT name, first_seen_at, good_at, poisoned_at, poison_reason, rollback_safe "
      "FROM releases ORDER BY first_seen_at DESC, name");
  while (releases.next()) {
    ledger.releases.push_back({releases.text(0), from_unix_ms(releases.integer(1)),
                               maybe_time(releases, 2), maybe_time(releases, 3), releases.text(4),
                               releases.integer(5) != 0});
  }
  Statement deployments = tx.prepare(
      "SELECT id, release, kind, run_id, live_at, ended_at, rolled_back FROM deployments "
      "ORDER BY id DESC LIMIT 1000");
  while (deployments.next()) {
    ledger.deployments.push_back({deployments.integer(0), deployments.text(1), deployments.text(2),
                                  deployments.maybe_integer(3),
                                  from_unix_ms(deployments.integer(4)), maybe_time(deployments, 5),
                                  deployments.integer(6) != 0});
  }
  return ledger;
}

void open_deployment(Transaction& tx, const std::string& release, const std::string& kind,
                     std::optional<std::int64_t> run_id, WallTime live_at) {
  ensure_release(tx, release, live_at);
  tx.prepare("UPDATE deployments SET ended_at = ? WHERE ended_at IS NULL")
      .bind(to_unix_ms(live_at))
      .run();
  tx.prepare("INSERT INTO deployments (release, kind, run_id, live_at) VALUES (?, ?, ?, ?)")
      .bind(release)
      .bind(kind)
      .bind(run_id)
      .bind(to_unix_ms(live_at))
      .run();
}

void mark_rolled_back(Transaction& tx, std::int64_t deployment_id, WallTime at,
                      const std::string& reason) {
  Statement select = tx.prepare("SELECT release FROM deployments WHERE id = ?");
  if (!select.bind(deployment_id).next()) return;
  const std::string release = select.text(0);
  tx.prepare("UPDATE deployments SET rolled_back = 1 WHERE id = ?").bind(deployment_id).run();
  tx.prepare("UPDATE releases SET poisoned_at = ?, poison_reason = ? WHERE name = ?")
      .bind(to_unix_ms(at))
      .bind(reason)
      .bind(release)
      .run();
  note_change(tx, at, "poisoned", release, "backstay", reason);
}

std::optional<std::string> promote_settled(Transaction& tx, WallTime now) {
  Statement select = tx.prepare(kSettled);
  if (!select.next()) return std::nullopt;
  const std::string release = select.text(0);
  tx.prepare("UPDATE releases SET good_at = ? WHERE name = ?")
      .bind(to_unix_ms(now))
      .bind(release)
      .run();
  note_change(tx, now, "good", release, "backstay", "it has settled");
  return release;
}

bool reconcile(Transaction& tx, const std::string& live_release, WallTime at) {
  const Ledger ledger = load_ledger(tx);
  if (ledger.live() != nullptr && ledger.live()->release == live_release) return false;
  open_deployment(tx, live_release, "observed", std::nullopt, at);
  const std::string before = ledger.live() == nullptr ? "nothing" : ledger.live()->release;
  note_change(tx, at, "observed", live_release, "driver", "the ledger had " + before + " live");
  return true;
}

void adopt(Transaction& tx, const std::string& release, WallTime at, const std::string& actor,
           const std::string& reason) {
  const Ledger ledger = load_ledger(tx);
  if (ledger.live() == nullptr || ledger.live()->release != release) {
    open_deployment(tx, release, "adopted", std::nullopt, at);
  }
  tx.prepare(
        "UPDATE releases SET good_at = ?, poisoned_at = NULL, poison_reason = NULL WHERE name = ?")
      .bind(to_unix_ms(at))
      .bind(release)
      .run();
  note_change(tx, at, "adopted", release, actor, reason);
}

bool clear_poison(Transaction& tx, const std::string& release, WallTime at,
                  const std::string& actor, const std::string& reason) {
  tx.prepare(
        "UPDATE releases SET poisoned_at = NULL, poison_reason = NULL "
        "WHERE name = ? AND poisoned_at IS NOT NULL")
      .bind(release)
      .run();
  if (tx.rows_changed() == 0) return false;
  note_change(tx, at, "cleared", release, actor, reason);
  return true;
}

}  // namespace backstay

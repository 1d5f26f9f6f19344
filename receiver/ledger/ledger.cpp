#include "receiver/ledger/ledger.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "receiver/ledger/delivery.h"

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

// A number that is none is no sign of good.
std::optional<WallTime> maybe_good(const Statement& row, int column) {
  return row.is_integer(column) ? maybe_time(row, column) : std::nullopt;
}

ReleaseDetails details_of(const Statement& row, int column, const std::string& release) {
  const auto text = row.maybe_text(column);
  if (!text) return {};
  ReleaseDetails details = details_or_unsafe(*text, "release " + release);
  details.rollback_safe.reset();  // its column says it
  return details;
}

void ensure_release(Transaction& tx, const std::string& name, WallTime at) {
  tx.prepare("INSERT INTO releases (name, first_seen_at) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .bind(name)
      .bind(to_unix_ms(at))
      .run();
}

// What is told of a release takes the place of what was known. Whoever deploys it anew may say that
// it is safe after all. Returns the whole.
ReleaseDetails learn(Transaction& tx, const std::string& release, const Origin& origin,
                     WallTime at) {
  Statement select = tx.prepare("SELECT details, rollback_safe FROM releases WHERE name = ?");
  if (!select.bind(release).next()) return {};
  const ReleaseDetails known = details_of(select, 0, release);
  const bool was_safe = select.integer(1) == 1;
  ReleaseDetails all = merged(known, origin.details);
  const bool is_safe = all.rollback_safe.value_or(was_safe);
  all.rollback_safe.reset();  // it has a column
  if (to_json(all) == to_json(known) && is_safe == was_safe) return all;
  tx.prepare("UPDATE releases SET details = ?, rollback_safe = ? WHERE name = ?")
      .bind(to_json(all).dump())
      .bind(static_cast<std::int64_t>(is_safe))
      .bind(release)
      .run();
  note_change(tx, at, "described", release, origin.actor, describe(origin.details));
  return all;
}

bool was_ever_live(const Ledger& ledger, const std::string& release) {
  return std::any_of(ledger.deployments.begin(), ledger.deployments.end(),
                     [&](const Deployment& each) { return each.release == release; });
}

// A webhook tells of the live release what the ledger did not know when that went live.
void fill_in(Transaction& tx, const Ledger& ledger, const Origin& origin, WallTime at) {
  if (origin.actor.empty() && origin.details.is_empty()) return;
  const Deployment& live = ledger.deployments.front();
  tx.prepare("UPDATE deployments SET actor = ? WHERE id = ? AND actor IS NULL")
      .bind(origin.actor.empty() ? std::nullopt : std::optional(origin.actor))
      .bind(live.id)
      .run();
  const bool had_times = !learn(tx, live.release, {}, at).commit_times.empty();
  const ReleaseDetails details = learn(tx, live.release, origin, at);
  const auto times =
      std::count_if(ledger.deployments.begin(), ledger.deployments.end(),
                    [&](const Deployment& each) { return each.release == live.release; });
  if (had_times || times != 1 || live.purpose.empty()) return;
  count_lead_times(tx, details.commit_times, live.live_at);
}

}  // namespace

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

// The deployment by which it first went live, as far back as the ledger goes; 0: none.
std::int64_t first_deployment_of(const Ledger& ledger, const std::string& release) {
  std::int64_t first = 0;
  for (const Deployment& deployment : ledger.deployments) {
    if (deployment.release == release) first = deployment.id;
  }
  return first;
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
    if (first_deployment_of(ledger, release->name) > first_deployment_of(ledger, live->release)) {
      return {Verdict::fled_from, release->name};
    }
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
                               maybe_good(releases, 2), maybe_time(releases, 3), releases.text(4),
                               releases.integer(5) == 1});
  }
  Statement deployments = tx.prepare(
      "SELECT id, release, kind, run_id, live_at, ended_at, rolled_back, actor, purpose, "
      "failed_at, recovered_at FROM deployments "
      "ORDER BY id DESC LIMIT 1000");
  while (deployments.next()) {
    ledger.deployments.push_back(
        {deployments.integer(0), deployments.text(1), deployments.text(2),
         deployments.maybe_integer(3), from_unix_ms(deployments.integer(4)),
         maybe_time(deployments, 5), deployments.integer(6) != 0, deployments.text(7),
         deployments.text(8), maybe_time(deployments, 9), maybe_time(deployments, 10)});
  }
  return ledger;
}

std::map<std::string, ReleaseDetails> load_details(Transaction& tx) {
  std::map<std::string, ReleaseDetails> details;
  Statement select = tx.prepare("SELECT name, details FROM releases WHERE details IS NOT NULL");
  while (select.next()) {
    const std::string release = select.text(0);
    details[release] = details_of(select, 1, release);
  }
  return details;
}

void note_candidate(Transaction& tx, const std::string& release, WallTime at,
                    const Origin& origin) {
  ensure_release(tx, release, at);
  learn(tx, release, origin, at);
}

void open_deployment(Transaction& tx, const std::string& release, const std::string& kind,
                     std::optional<std::int64_t> run_id, WallTime live_at, const Origin& origin) {
  const Ledger before = load_ledger(tx);
  const std::string purpose = purpose_of(before, release, kind, origin.details.rework);
  ensure_release(tx, release, live_at);
  const ReleaseDetails details = learn(tx, release, origin, live_at);
  tx.prepare("UPDATE deployments SET ended_at = ? WHERE ended_at IS NULL")
      .bind(to_unix_ms(live_at))
      .run();
  tx.prepare(
        "INSERT INTO deployments (release, kind, run_id, live_at, actor, purpose) "
        "VALUES (?, ?, ?, ?, ?, ?)")
      .bind(release)
      .bind(kind)
      .bind(run_id)
      .bind(to_unix_ms(live_at))
      .bind(origin.actor.empty() ? std::nullopt : std::optional(origin.actor))
      .bind(purpose.empty() ? std::nullopt : std::optional(purpose))
      .run();
  if (purpose == "rollback" && before.live() != nullptr) {
    note_failed(tx, before.live()->id, live_at, "release " + release + " was put back");
  }
  if (!purpose.empty() && !was_ever_live(before, release)) {
    count_lead_times(tx, details.commit_times, live_at);
  }
}

void mark_rolled_back(Transaction& tx, std::int64_t deployment_id, WallTime at,
                      const std::string& reason) {
  Statement select = tx.prepare("SELECT release FROM deployments WHERE id = ?");
  if (!select.bind(deployment_id).next()) return;
  const std::string release = select.text(0);
  tx.prepare("UPDATE deployments SET rolled_back = 1 WHERE id = ?").bind(deployment_id).run();
  // Once the poison is taken off it has to settle anew.
  tx.prepare(
        "UPDATE releases SET good_at = NULL, poisoned_at = ?, poison_reason = ? WHERE name = ?")
      .bind(to_unix_ms(at))
      .bind(reason)
      .bind(release)
      .run();
  note_failed(tx, deployment_id, at, reason);
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

bool reconcile(Transaction& tx, const std::string& live_release, WallTime at,
               const Origin& origin) {
  const Ledger ledger = load_ledger(tx);
  if (ledger.live() != nullptr && ledger.live()->release == live_release) {
    fill_in(tx, ledger, origin, at);
    return false;
  }
  open_deployment(tx, live_release, "observed", std::nullopt, at, origin);
  const std::string before = ledger.live() == nullptr ? "nothing" : ledger.live()->release;
  note_change(tx, at, "observed", live_release, "driver", "the ledger had " + before + " live");
  return true;
}

void adopt(Transaction& tx, const std::string& release, WallTime at, const std::string& actor,
           const std::string& reason) {
  const Ledger ledger = load_ledger(tx);
  if (ledger.live() == nullptr || ledger.live()->release != release) {
    open_deployment(tx, release, "adopted", std::nullopt, at, {actor, {}});
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

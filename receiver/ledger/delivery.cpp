#include "receiver/ledger/delivery.h"

#include "base/timestamp.h"
#include "receiver/journal/duration_totals.h"

namespace backstay {
namespace {

using journal::Statement;
using journal::Transaction;

// Those before the verified one, back to the last that nobody verified.
constexpr const char* kOverNow = R"sql(
SELECT d.id, d.release, d.live_at FROM deployments d JOIN deployments v ON v.run_id = ?
WHERE d.id < v.id AND d.purpose IN ('planned', 'rework')
  AND d.failed_at IS NOT NULL AND d.recovered_at IS NULL
  AND d.id >= (SELECT coalesce(max(id), 0) FROM deployments
               WHERE id < v.id AND kind IN ('adopted', 'observed'))
)sql";

}  // namespace

std::string purpose_of(const Ledger& before, const std::string& release, const std::string& kind,
                       const std::optional<bool>& rework) {
  const Deployment* live = before.live();
  if (kind == "adopted" || (kind == "observed" && live == nullptr)) return "";
  if (kind == "rollback") return "rollback";
  const std::int64_t first = first_deployment_of(before, release);
  const bool is_older =
      first != 0 && live != nullptr && first < first_deployment_of(before, live->release);
  if (is_older) return "rollback";
  const bool is_fix = live != nullptr && (live->failed_at || live->purpose == "rollback");
  return rework.value_or(is_fix) ? "rework" : "planned";
}

void note_failed(Transaction& tx, std::int64_t deployment_id, WallTime at,
                 const std::string& reason) {
  tx.prepare("UPDATE deployments SET failed_at = ? WHERE id = ? AND failed_at IS NULL")
      .bind(to_unix_ms(at))
      .bind(deployment_id)
      .run();
  if (tx.rows_changed() == 0) return;
  Statement select = tx.prepare("SELECT release FROM deployments WHERE id = ?");
  if (select.bind(deployment_id).next()) {
    note_change(tx, at, "failed", select.text(0), "backstay", reason);
  }
}

void note_run_failed(Transaction& tx, std::int64_t run_id, WallTime at, const std::string& reason) {
  Statement select = tx.prepare("SELECT id FROM deployments WHERE run_id = ?");
  if (select.bind(run_id).next()) note_failed(tx, select.integer(0), at, reason);
}

void note_verified(Transaction& tx, std::int64_t run_id, WallTime at) {
  struct Over {
    std::int64_t id;
    std::string release;
    WallTime live_at;
  };
  std::vector<Over> over;
  Statement select = tx.prepare(kOverNow);
  for (select.bind(run_id); select.next();) {
    over.push_back({select.integer(0), select.text(1), from_unix_ms(select.integer(2))});
  }
  for (const Over& each : over) {
    tx.prepare("UPDATE deployments SET recovered_at = ? WHERE id = ?")
        .bind(to_unix_ms(at))
        .bind(each.id)
        .run();
    if (at >= each.live_at) {
      add_duration(tx, journal::failed_deployment_recovery(), at - each.live_at);
    }
    note_change(tx, at, "recovered", each.release, "backstay",
                "verified by run " + std::to_string(run_id));
  }
}

void count_lead_times(Transaction& tx, const std::vector<WallTime>& commit_times,
                      WallTime live_at) {
  for (const WallTime committed_at : commit_times) {
    if (committed_at > live_at) continue;
    add_duration(tx, journal::change_lead_time(), live_at - committed_at);
  }
}

}  // namespace backstay

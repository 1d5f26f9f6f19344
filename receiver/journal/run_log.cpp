#include "receiver/journal/run_log.h"

#include "base/timestamp.h"

namespace backstay::journal {
namespace {

constexpr const char* kRunColumns =
    "SELECT id, event_id, action, with_backup, release_from, release_to, deployment_id, rule, "
    "started_at, ended_at, outcome, detail FROM runs ";

Run run_of(const Statement& row) {
  Run run;
  run.id = row.integer(0);
  run.event_id = row.integer(1);
  run.action = row.text(2);
  run.with_backup = row.integer(3) != 0;
  run.release_from = row.text(4);
  run.release_to = row.text(5);
  run.deployment_id = row.maybe_integer(6);
  run.rule = row.text(7);
  run.started_at = from_unix_ms(row.integer(8));
  if (const auto ms = row.maybe_integer(9)) run.ended_at = from_unix_ms(*ms);
  run.outcome = row.text(10);
  run.detail = row.text(11);
  return run;
}

std::optional<Run> first_run(Statement& statement) {
  if (!statement.next()) return std::nullopt;
  return run_of(statement);
}

}  // namespace

std::int64_t append_run(Transaction& tx, const Run& run) {
  tx.prepare(
        "INSERT INTO runs (event_id, action, with_backup, release_from, release_to, deployment_id, "
        "rule, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(run.event_id)
      .bind(run.action)
      .bind(static_cast<std::int64_t>(run.with_backup))
      .bind(run.release_from)
      .bind(run.release_to)
      .bind(run.deployment_id)
      .bind(run.rule)
      .bind(to_unix_ms(run.started_at))
      .run();
  return tx.last_id();
}

std::optional<Run> run_in_flight(Transaction& tx) {
  Statement select = tx.prepare(std::string(kRunColumns) + "WHERE ended_at IS NULL");
  return first_run(select);
}

std::optional<Run> find_run(Transaction& tx, std::int64_t id) {
  Statement select = tx.prepare(std::string(kRunColumns) + "WHERE id = ?");
  return first_run(select.bind(id));
}

std::optional<Run> last_switching_run(Transaction& tx) {
  Statement select = tx.prepare(std::string(kRunColumns) +
                                "WHERE action IN ('deploy', 'rollback') ORDER BY id DESC LIMIT 1");
  return first_run(select);
}

std::optional<Run> run_of_event(Transaction& tx, std::int64_t event_id) {
  Statement select = tx.prepare(std::string(kRunColumns) + "WHERE event_id = ?");
  return first_run(select.bind(event_id));
}

void end_run(Transaction& tx, std::int64_t run_id, WallTime at, const std::string& outcome,
             const std::string& detail) {
  tx.prepare("UPDATE runs SET ended_at = ?, outcome = ?, detail = ? WHERE id = ?")
      .bind(to_unix_ms(at))
      .bind(outcome)
      .bind(detail)
      .bind(run_id)
      .run();
}

std::vector<Run> runs_since(Transaction& tx, WallTime since,
                            std::optional<std::int64_t> deployment_id) {
  Statement select = tx.prepare(std::string(kRunColumns) +
                                "WHERE started_at >= ? OR deployment_id = ? ORDER BY id DESC");
  std::vector<Run> runs;
  select.bind(to_unix_ms(since)).bind(deployment_id);
  while (select.next()) runs.push_back(run_of(select));
  return runs;
}

std::int64_t start_step(Transaction& tx, std::int64_t run_id, const std::string& name,
                        WallTime at) {
  tx.prepare("INSERT INTO steps (run_id, name, started_at) VALUES (?, ?, ?)")
      .bind(run_id)
      .bind(name)
      .bind(to_unix_ms(at))
      .run();
  return tx.last_id();
}

void end_step(Transaction& tx, std::int64_t token, WallTime at, const std::string& outcome,
              const std::string& detail) {
  tx.prepare("UPDATE steps SET ended_at = ?, outcome = ?, detail = ? WHERE token = ?")
      .bind(to_unix_ms(at))
      .bind(outcome)
      .bind(detail)
      .bind(token)
      .run();
}

void end_open_steps(Transaction& tx, std::int64_t run_id, WallTime at, const std::string& detail) {
  tx.prepare(
        "UPDATE steps SET ended_at = ?, outcome = 'unknown', detail = ? "
        "WHERE run_id = ? AND coalesce(outcome, '') = ''")
      .bind(to_unix_ms(at))
      .bind(detail)
      .bind(run_id)
      .run();
}

void record_finding(Transaction& tx, std::int64_t token, WallTime at, const std::string& finding,
                    const std::string& detail) {
  tx.prepare("UPDATE steps SET checked_at = ?, finding = ?, detail = detail || ? WHERE token = ?")
      .bind(to_unix_ms(at))
      .bind(finding)
      .bind("; found: " + detail)
      .bind(token)
      .run();
}

std::vector<Step> steps_of(Transaction& tx, std::int64_t run_id) {
  Statement select = tx.prepare(
      "SELECT token, run_id, name, started_at, ended_at, outcome, detail, finding FROM steps "
      "WHERE run_id = ? ORDER BY token");
  std::vector<Step> steps;
  for (select.bind(run_id); select.next();) {
    Step step;
    step.token = select.integer(0);
    step.run_id = select.integer(1);
    step.name = select.text(2);
    step.started_at = from_unix_ms(select.integer(3));
    if (const auto ms = select.maybe_integer(4)) step.ended_at = from_unix_ms(*ms);
    step.outcome = select.text(5);
    step.detail = select.text(6);
    step.finding = select.text(7);
    steps.push_back(step);
  }
  return steps;
}

}  // namespace backstay::journal

#include "receiver/journal/approval_log.h"

#include "base/timestamp.h"

namespace backstay::journal {
namespace {

constexpr const char* kColumns =
    "SELECT a.event_id, a.asked_at, a.expires_at, a.rule, a.action, a.release_from, a.release_to, "
    "a.deployment_id, a.explanation, a.answered_at, a.answer, a.actor, a.reason FROM approvals a ";

Approval approval_of(const Statement& row) {
  Approval approval;
  approval.event_id = row.integer(0);
  approval.asked_at = from_unix_ms(row.integer(1));
  approval.expires_at = from_unix_ms(row.integer(2));
  approval.rule = row.text(3);
  approval.plan = {row.text(4), row.text(5), row.text(6), row.maybe_integer(7)};
  approval.explanation = row.text(8);
  if (const auto ms = row.maybe_integer(9)) approval.answered_at = from_unix_ms(*ms);
  approval.answer = row.text(10);
  approval.actor = row.text(11);
  approval.reason = row.text(12);
  return approval;
}

std::vector<Approval> all_of(Statement& statement) {
  std::vector<Approval> approvals;
  while (statement.next()) approvals.push_back(approval_of(statement));
  return approvals;
}

}  // namespace

void ask_for_approval(Transaction& tx, const Approval& question) {
  tx.prepare(
        "INSERT INTO approvals (event_id, asked_at, expires_at, rule, action, release_from, "
        "release_to, deployment_id, explanation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(question.event_id)
      .bind(to_unix_ms(question.asked_at))
      .bind(to_unix_ms(question.expires_at))
      .bind(question.rule)
      .bind(question.plan.action)
      .bind(question.plan.release_from)
      .bind(question.plan.release_to)
      .bind(question.plan.deployment_id)
      .bind(question.explanation)
      .run();
}

void answer_approval(Transaction& tx, std::int64_t event_id, WallTime at, const std::string& answer,
                     const std::string& actor, const std::string& reason) {
  tx.prepare(
        "UPDATE approvals SET answered_at = ?, answer = ?, actor = ?, reason = ? "
        "WHERE event_id = ? AND answered_at IS NULL")
      .bind(to_unix_ms(at))
      .bind(answer)
      .bind(actor)
      .bind(reason)
      .bind(event_id)
      .run();
}

std::optional<Approval> find_approval(Transaction& tx, std::int64_t event_id) {
  Statement select = tx.prepare(std::string(kColumns) + "WHERE a.event_id = ?");
  if (!select.bind(event_id).next()) return std::nullopt;
  return approval_of(select);
}

std::vector<Approval> open_approvals(Transaction& tx) {
  Statement select = tx.prepare(std::string(kColumns) +
                                "LEFT JOIN decisions d ON d.event_id = a.event_id "
                                "WHERE d.event_id IS NULL ORDER BY a.event_id");
  return all_of(select);
}

std::vector<Approval> refused_for(Transaction& tx, std::int64_t deployment_id) {
  Statement select =
      tx.prepare(std::string(kColumns) + "WHERE a.deployment_id = ? AND a.answer = 'refused'");
  return all_of(select.bind(deployment_id));
}

void look_again_at_approvals(Transaction& tx) {
  tx.prepare("UPDATE approvals SET look_again = 1 WHERE answered_at IS NULL").run();
}

void mark_looked_at(Transaction& tx, std::int64_t event_id) {
  tx.prepare("UPDATE approvals SET look_again = 0 WHERE event_id = ?").bind(event_id).run();
}

}  // namespace backstay::journal

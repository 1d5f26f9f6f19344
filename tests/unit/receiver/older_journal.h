#pragma once

#include <string>
#include <vector>

namespace backstay::test {

// What undoes the migrations behind this version of the journal's schema, so that a test has a file
// as an earlier program left it.
inline std::vector<std::string> undo_to(std::size_t version) {
  const std::vector<std::vector<std::string>> undo{
      {},
      {"DROP TABLE undecided", "DROP TABLE totals", "DROP TRIGGER event_waits",
       "DROP TRIGGER event_is_decided", "DROP TRIGGER count_event", "DROP TRIGGER count_decision",
       "DROP TRIGGER count_run", "DROP TRIGGER count_step", "DROP TRIGGER count_given_up",
       "DROP INDEX facts_of_event", "DROP INDEX runs_by_start", "DROP INDEX alerts_by_beginning",
       "ALTER TABLE events DROP COLUMN last_delivered_at"},
      {"DROP TABLE approvals"},
      {"DROP TRIGGER count_folded", "DROP INDEX outbox_groups",
       "ALTER TABLE outbox DROP COLUMN group_key", "ALTER TABLE outbox DROP COLUMN folded",
       "ALTER TABLE outbox DROP COLUMN window_ends_at"},
      {"DROP TRIGGER count_deployment", "DROP TRIGGER count_deployment_failure",
       "DELETE FROM totals WHERE name IN ('deployments', 'deployment_failures')",
       "ALTER TABLE events DROP COLUMN details", "ALTER TABLE releases DROP COLUMN details",
       "ALTER TABLE deployments DROP COLUMN actor", "ALTER TABLE deployments DROP COLUMN purpose",
       "ALTER TABLE deployments DROP COLUMN failed_at",
       "ALTER TABLE deployments DROP COLUMN recovered_at"},
      {"ALTER TABLE outbox DROP COLUMN first_tried_at"}};
  std::vector<std::string> statements;
  for (std::size_t each = undo.size() - 1; each >= version; --each) {
    statements.insert(statements.end(), undo[each].begin(), undo[each].end());
  }
  statements.push_back("PRAGMA user_version=" + std::to_string(version));
  return statements;
}

}  // namespace backstay::test

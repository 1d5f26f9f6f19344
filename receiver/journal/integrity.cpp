#include "receiver/journal/integrity.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "receiver/journal/schema.h"

namespace backstay::journal {
namespace {

// Small, and what must be right before anything is done: a row for each release, action or step.
constexpr std::array<const char*, 8> kRestedOn{"releases", "deployments", "runs",      "steps",
                                               "changes",  "undecided",   "approvals", "totals"};
// A row or more for each event. Their last column is read, and with it the whole row's head.
struct Growing {
  const char* table;
  const char* newest;
};
constexpr std::array<Growing, 4> kGrowing{{
    {"events",
     "SELECT max(length(deliveries)) FROM (SELECT * FROM events ORDER BY id DESC LIMIT 10000)"},
    {"facts", "SELECT max(length(facts)) FROM (SELECT * FROM facts ORDER BY id DESC LIMIT 10000)"},
    {"decisions",
     "SELECT max(length(rule)) FROM (SELECT * FROM decisions ORDER BY event_id DESC LIMIT 10000)"},
    {"outbox",
     "SELECT max(length(last_error)) FROM (SELECT * FROM outbox ORDER BY id DESC LIMIT 10000)"},
}};

// SQLite takes what is missing of a last page for zeros: rows that are gone would be rows of
// nothing. With something in the log, that page may be there, and the copy of it not finished.
constexpr const char* kPlace =
    "SELECT file, page_size FROM pragma_database_list, pragma_page_size WHERE name = 'main'";
std::string cut_end(Statement place) {
  if (!place.next() || place.text(0).empty()) return "";  // in memory
  const std::string path = place.text(0);
  std::error_code is_not_there;
  const auto log = std::filesystem::file_size(path + "-wal", is_not_there);
  if (!is_not_there && log > 0) return "";
  const auto size = std::filesystem::file_size(path, is_not_there);
  const auto page = static_cast<std::uintmax_t>(place.integer(1));
  if (is_not_there || size % page == 0) return "";
  return "it is cut off within a page: " + std::to_string(size) + " bytes, and pages have " +
         std::to_string(page);
}

bool is_there(sqlite3* db, const char* table) {
  Statement select(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return select.bind(table).next();
}

// What the schema itself does not hold. Each query names what breaks it.
struct Invariant {
  const char* holds;
  const char* broken_by;
};
constexpr std::array<Invariant, 7> kInvariants{{
    {"an event has one decision, or waits for it",
     "SELECT 'event ' || e.id || iif(d.event_id IS NULL, ' has no decision and does not wait', "
     "' has a decision and waits for one') FROM events e "
     "LEFT JOIN decisions d ON d.event_id = e.id LEFT JOIN undecided u ON u.event_id = e.id "
     "WHERE (d.event_id IS NULL) = (u.event_id IS NULL)"},
    {"what is acted on has a run",
     "SELECT 'event ' || d.event_id || ' was to be acted on and has no run' FROM decisions d "
     "LEFT JOIN runs r ON r.event_id = d.event_id WHERE d.verdict = 'act' AND r.id IS NULL"},
    {"a run has an outcome when it has ended",
     "SELECT 'run ' || id || iif(outcome IS NULL, ' has ended without an outcome', "
     "' has an outcome and no end') FROM runs WHERE (ended_at IS NULL) != (outcome IS NULL)"},
    {"a step has an outcome when it has ended",
     "SELECT 'step ' || token || ' of run ' || run_id || iif(outcome IS NULL, "
     "' has ended without an outcome', ' has an outcome and no end') FROM steps "
     "WHERE (ended_at IS NULL) != (outcome IS NULL)"},
    {"a run that has ended has no step without an end",
     "SELECT 'step ' || s.token || ' of run ' || r.id || ' has no end' FROM steps s "
     "JOIN runs r ON r.id = s.run_id WHERE r.ended_at IS NOT NULL AND s.ended_at IS NULL"},
    {"fencing tokens grow from run to run",
     "SELECT 'run ' || run_id || ' has token ' || first || ', an earlier run ' || before FROM "
     "(SELECT run_id, min(token) AS first, lag(max(token)) OVER (ORDER BY run_id) AS before "
     "FROM steps GROUP BY run_id) WHERE first <= before"},
    {"the next fencing token is larger than any before",
     "SELECT 'token ' || max(token) || ' was given, and the next would be ' || "
     "(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'steps'), 0) + 1) FROM steps "
     "HAVING max(token) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'steps'), 0)"},
}};

// SQLite says one thing in several lines, under a heading that tells nothing here.
std::string in_one_line(std::string text) {
  constexpr std::string_view kHeading = "*** in database main ***\n";
  if (text.rfind(kHeading, 0) == 0) text.erase(0, kHeading.size());
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
    text.replace(at, 1, "; ");
  }
  return text;
}

std::string cut_end_of(const Transaction& tx) {
  try {
    return cut_end(tx.prepare(kPlace));
  } catch (const std::runtime_error&) {
    return "";  // what is wrong, the other checks say
  }
}

// A check that cannot be carried out is a problem too: the ones after it still are.
void gather(std::vector<Problem>& problems, const Transaction& tx, const std::string& check,
            const std::string& sql) {
  try {
    Statement rows = tx.prepare(sql);
    for (int found = 0; found < kProblemsMax && rows.next(); ++found) {
      const std::string what = in_one_line(rows.text(0));
      if (what != "ok") problems.push_back({check, what});
    }
  } catch (const std::runtime_error& error) {
    problems.push_back({check, std::string("cannot be looked at: ") + error.what()});
  }
}

std::size_t version_of(const Transaction& tx) {
  Statement version = tx.prepare("PRAGMA user_version");
  return version.next() ? static_cast<std::size_t>(version.integer(0)) : 0;
}

}  // namespace

std::string check_at_start(sqlite3* db) {
  if (std::string found = cut_end(Statement(db, kPlace)); !found.empty()) return found;
  for (const char* table : kRestedOn) {
    if (!is_there(db, table)) continue;  // the file is new, or older than the table
    Statement check(db, std::string("PRAGMA quick_check(") + table + ")");
    if (!check.next()) return std::string("table ") + table + " cannot be checked";
    if (const std::string found = in_one_line(check.text(0)); found != "ok") {
      return std::string("table ") + table + ": " + found;
    }
  }
  for (const Growing& growing : kGrowing) {
    if (!is_there(db, growing.table)) continue;
    Statement(db, growing.newest).run();
  }
  return "";
}

std::vector<Problem> check_all(Transaction& tx) {
  std::vector<Problem> problems;
  if (std::string found = cut_end_of(tx); !found.empty()) {
    problems.push_back({"integrity", std::move(found)});
  }
  gather(problems, tx, "integrity", "PRAGMA integrity_check(" + std::to_string(kProblemsMax) + ")");
  gather(problems, tx, "foreign keys",
         "SELECT \"table\" || ' row ' || rowid || ' points to a row of ' || parent || "
         "' that is not there' FROM pragma_foreign_key_check");
  std::size_t version = 0;
  try {
    version = version_of(tx);
  } catch (const std::runtime_error& error) {
    problems.push_back({"schema", error.what()});
    return problems;
  }
  if (version != kSchemaVersion) {
    problems.push_back({"schema", "the file has version " + std::to_string(version) +
                                      ", this program knows " + std::to_string(kSchemaVersion) +
                                      "; what should hold beyond it was not looked at"});
    return problems;
  }
  for (const Invariant& invariant : kInvariants) {
    gather(problems, tx, invariant.holds, invariant.broken_by);
  }
  return problems;
}

}  // namespace backstay::journal

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "receiver/ctl/door.h"
#include "receiver/journal/audit.h"

namespace backstay::ctl {

// Exit codes of `backstay`.
enum class Exit { done = 0, failed = 1, bad_usage = 2, refused = 3 };

// What every command is given.
struct Options {
  bool json = false;  // one JSON document on standard output, nothing else
  bool yes = false;   // do not ask
  std::string release;
  std::string reason;
  std::string since;
  std::string until;
  std::int64_t limit = journal::AuditRange::kEntriesByDefault;  // of the audit's entries
  bool without_backup = false;
  // Of the release to deploy: ReleaseDetails, as they were written.
  std::string commit;
  std::vector<std::string> commit_times;
  std::string digest;
  std::vector<std::string> migrations;
  bool is_not_rollback_safe = false;
  bool is_rework = false;
  std::int64_t event_id = 0;
  std::string by;    // who decided, where it is not whoever runs the command
  std::string file;  // an event's JSON
};

// One file a command; the table is in main.cpp.
Exit status(Door& door, const Options& options);
Exit releases_list(Door& door, const Options& options);
Exit releases_adopt(Door& door, const Options& options);
Exit releases_clear(Door& door, const Options& options);
Exit deploy(Door& door, const Options& options);
Exit rollback(Door& door, const Options& options);
Exit backup_create(Door& door, const Options& options);
Exit backup_list(Door& door, const Options& options);
Exit approve(Door& door, const Options& options);
Exit refuse(Door& door, const Options& options);
Exit policy_explain(Door& door, const Options& options);
Exit audit(Door& door, const Options& options);
// These read the journal's file and need no way to the receiver.
Exit journal_check(const ReceiverConfig& config, const Options& options);
Exit journal_export(const ReceiverConfig& config, const Options& options);

}  // namespace backstay::ctl

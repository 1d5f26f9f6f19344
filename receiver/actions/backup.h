#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/subprocess.h"
#include "receiver/actions/action.h"
#include "receiver/actions/manifest.h"

namespace backstay {

struct BackupConfig {
  std::string dir;
  std::string bin_dir;  // of pg_dump and pg_dumpall, of the server's own major version
  SecretSource database_url;
  std::chrono::milliseconds timeout{30 * 60'000};  // for all of a backup; a check gets as much
};

// A complete backup, as `backstay backup list` shows it.
struct BackupEntry {
  std::string id;
  WallTime created_at;
  std::string release;  // live when it was taken
  std::uint64_t bytes = 0;
};

// A folder <dir>/<id> with the database (pg_dump's directory format, restored by pg_restore alone),
// globals.sql (roles without passwords) and manifest.json, which names every file with its size and
// SHA-256. All is written in <id>.partial-<token> and renamed last: a backup that is not complete
// does not exist. The id comes from the run, so a run has one backup, however often it was cut off.
class Backup final : public Action {
 public:
  Backup(BackupConfig config, ProcessRunner& processes, Clock& clock)
      : config_(std::move(config)), processes_(processes), clock_(clock) {}
  StepResult perform(const StepContext& context) override;
  CheckResult check(const StepContext& context) override;

 private:
  struct Limits;  // one attempt, until its deadline

  Result<void> dump(const std::string& folder, Limits& limits);
  Result<void> run(std::vector<std::string> argv, const Secret& url, const std::string& out_path,
                   Limits& limits);

  BackupConfig config_;
  ProcessRunner& processes_;
  Clock& clock_;
};

std::string backup_id(const journal::Run& run);
// Complete ones, newest first. A folder whose manifest cannot be read is left out.
std::vector<BackupEntry> list_backups(const std::string& dir);
// Compares every file with the manifest.
Result<void> check_backup(const std::string& folder, const ReadingLimit& limit);

}  // namespace backstay
